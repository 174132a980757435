#include <linux/task.h>

static volatile int slub_pages;

/* Of one size in both files. */
static noinline void drain(int pages)
{
	slub_pages -= pages;
	slub_pages ^= 21;
}

static noinline void shrink(int pages)
{
	while (pages-- > 0) {
		slub_pages /= 3;
		slub_pages += pages % 7;
		warn("shrink", pages);
	}
	slub_pages = 0;
}

int slub_init(int size)
{
	drain(size);
	shrink(size);
	return slub_pages;
}
