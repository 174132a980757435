#include <linux/task.h>

/* Every caller has the same `weight`: gcc makes a clone, .constprop.0. */
static noinline int charge(const int *pids, int weight)
{
	int sum = 0, at;

	for (at = 0; at < weight; at++)
		sum += *(const volatile int *)&pids[at];
	return sum + nr_threads;
}

/* It takes the field instead of the pointer then: .isra.0. */
static noinline int depth(const struct task *task)
{
	int pid = task->pid;

	while (pid > 7)
		pid -= *(volatile int *)&nr_threads;
	return pid;
}

int copy_process(struct task *task)
{
	int count;

	if (unlikely(task_is_dead(task))) {
		warn("dead", task->pid);
		nr_threads--;
		warn("gone", nr_threads);
	}
	count = depth(task);
	count += charge(&task->pid, 5);
	return count * charge(&count, 5);
}

/* The second call is no tail call: its value is used. */
int wait_for(struct task *task)
{
	int dead = task_is_dead(task);

	if (task->parent)
		dead += task_is_dead(task->parent);
	return dead + copy_process(task);
}
