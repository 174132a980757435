#include <linux/task.h>

static struct task init_task;
int nr_threads;

/* Calls in a section of their own, as the kernel's. */
section(".init.text") void start_kernel(void)
{
	int size = 32;

	init_task.pid = 1;
	size += slab_init(size);
	size += slub_init(size);
	if (copy_process(&init_task) < size)
		panic("no init");
	nr_threads = size;
}
