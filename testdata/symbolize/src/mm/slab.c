#include <linux/task.h>

static volatile int slab_pages;

/* Of one size in both files. */
static noinline void drain(int pages)
{
	slab_pages -= pages;
	slab_pages ^= 21;
}

/* Of another size in the other file. */
static noinline void shrink(int pages)
{
	slab_pages = pages;
}

int slab_init(int size)
{
	drain(size);
	shrink(size);
	return slab_pages;
}
