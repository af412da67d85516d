/*
 * The list that every page is on today, in the form that costs least: two 4-byte links a page, list heads apart.
 * Peer of OrderedLists and UnorderedLists (marks D4 and D5). Plain C, one function a case, no allocation inside.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>

#define NONE UINT32_MAX

struct list {
	uint32_t head, tail;
	uint32_t *newer, *older;
	uint32_t lock;
};

static void unlink_page(struct list *l, uint32_t page)
{
	uint32_t newer = l->newer[page], older = l->older[page];

	if (newer == NONE)
		l->head = older;
	else
		l->older[newer] = older;
	if (older == NONE)
		l->tail = newer;
	else
		l->newer[older] = newer;
}

static void add_head(struct list *l, uint32_t page)
{
	l->newer[page] = NONE;
	l->older[page] = l->head;
	if (l->head == NONE)
		l->tail = page;
	else
		l->newer[l->head] = page;
	l->head = page;
}

/* Links pages in the order given. newer and older have room for every page number. */
__attribute__((visibility("default")))
struct list *list_create(uint32_t *newer, uint32_t *older, const uint32_t *order, uint64_t pages)
{
	struct list *l = malloc(sizeof(*l));

	*l = (struct list){ NONE, NONE, newer, older, 0 };
	for (uint64_t i = 0; i < pages; i++)
		add_head(l, order[i]);
	return l;
}

__attribute__((visibility("default")))
void list_destroy(struct list *l)
{
	free(l);
}

/* Each page to the head. */
__attribute__((visibility("default")))
void list_activate(struct list *l, const uint32_t *pages, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		unlink_page(l, pages[i]);
		add_head(l, pages[i]);
	}
}

/* Takes 32 pages from the tail and puts them back at the head, n times. Returns a sum of what it took. */
__attribute__((visibility("default")))
uint64_t list_isolate(struct list *l, uint64_t n)
{
	uint32_t batch[32];
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n; i++) {
		for (int k = 0; k < 32; k++) {
			batch[k] = l->tail;
			unlink_page(l, batch[k]);
			sum += batch[k];
		}
		for (int k = 0; k < 32; k++)
			add_head(l, batch[k]);
	}
	return sum;
}

/* What a thread does to a list that it shares, with a spinlock taken for every page. */
struct shared_work {
	struct list *list;
	const uint32_t *pages;
	uint64_t n;
};

static void lock(struct list *l)
{
	while (__atomic_exchange_n(&l->lock, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&l->lock, __ATOMIC_RELAXED))
			__builtin_ia32_pause();
}

static void unlock(struct list *l)
{
	__atomic_store_n(&l->lock, 0, __ATOMIC_RELEASE);
}

/* Rotates the pages given (off the list, on at the head), then takes as many from the tail and adds them again. */
static void *rotate_shared(void *data)
{
	struct shared_work *w = data;
	cpu_set_t all;

	/* The program pins its thread to a core; two threads are to have two. */
	CPU_ZERO(&all);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		CPU_SET(cpu, &all);
	sched_setaffinity(0, sizeof(all), &all);
	for (uint64_t i = 0; i < w->n; i++) {
		lock(w->list);
		unlink_page(w->list, w->pages[i]);
		add_head(w->list, w->pages[i]);
		unlock(w->list);
	}
	for (uint64_t i = 0; i < w->n; i++) {
		uint32_t page;

		lock(w->list);
		page = w->list->tail;
		unlink_page(w->list, page);
		unlock(w->list);
		lock(w->list);
		add_head(w->list, page);
		unlock(w->list);
	}
	return NULL;
}

/* Two threads, each with pages of its own, at once. */
__attribute__((visibility("default")))
void list_rotate_from_two(struct list *l, const uint32_t *first, const uint32_t *second, uint64_t n)
{
	struct shared_work a = { l, first, n }, b = { l, second, n };
	pthread_t thread;

	pthread_create(&thread, NULL, rotate_shared, &b);
	rotate_shared(&a);
	pthread_join(thread, NULL);
}
