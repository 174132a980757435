/* What the files of the fixtures share. */
#define noinline __attribute__((noinline))
#define cold __attribute__((cold))
#define noreturn __attribute__((noreturn))
#define section(name) __attribute__((section(name)))
#define unlikely(x) __builtin_expect(!!(x), 0)

struct task {
	int pid;
	unsigned flags;
	struct task *parent;
};

extern int nr_threads;
extern void warn(const char *what, int number) cold;
extern void panic(const char *what) cold noreturn;
extern int copy_process(struct task *task);
extern int slab_init(int size);
extern int slub_init(int size);

static inline unsigned read_flags(const struct task *task)
{
	return *(const volatile unsigned *)&task->flags;
}

static inline int task_is_dead(const struct task *task)
{
	return (read_flags(task) & 4) != 0;
}
