/* SPDX-License-Identifier: Apache-2.0 */
#include "link/crew.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/text.h"
#include "link/link_impl.h"

struct worker {
	struct kiln_crew *crew;
	struct worker *next; /* of all that were started and not joined */
	pthread_t thread;
	struct kiln_host host;
	int cancels; /* an eventfd: what it counts has not been noticed yet */
	bool ended;  /* guarded by the crew's lock */
	char name[64];
	struct kiln_crew_end end;
};

struct kiln_crew {
	const struct kiln_host *host;
	kiln_crew_work work;
	void *user;
	pthread_mutex_t lock;
	int endings; /* an eventfd: how many ended that kiln_crew_next has not returned */
	struct worker *workers;
	size_t busy;
};

/* The clock has only milliseconds to say how long; -1 is for ever. */
static int poll_ms(kiln_ms deadline)
{
	if (deadline == KILN_FOREVER)
		return -1;
	const kiln_ms left = deadline - kiln_now();

	return left <= 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

static bool take_one(int event_fd)
{
	uint64_t one;

	return read(event_fd, &one, sizeof(one)) == (ssize_t)sizeof(one);
}

static void add_one(int event_fd)
{
	const uint64_t one = 1;

	/* it fails only when 2^64 are waiting there */
	(void)!write(event_fd, &one, sizeof(one));
}

static kiln_code worker_wait(void *user, int fd, short events, kiln_ms deadline)
{
	const struct worker *w = user;
	struct pollfd fds[2] = { { .fd = w->cancels, .events = POLLIN },
				 { .fd = fd, .events = events } }; /* poll skips a negative fd */

	for (;;) {
		const int n = poll(fds, 2, poll_ms(deadline));

		if (n < 0 && errno != EINTR)
			return KILN_E_IO;
		if (n > 0 && fds[0].revents && take_one(w->cancels))
			return KILN_E_CANCELLED;
		if (n > 0 && fds[1].revents)
			return KILN_OK;
		if (n == 0 && poll_ms(deadline) == 0)
			return KILN_E_TIMEOUT;
	}
}

static void worker_log(void *user, kiln_level level, const char *module, const char *line)
{
	const struct worker *w = user;
	const struct kiln_ui *ui = &w->crew->host->ui;
	char text[1024];

	kiln_text_format(text, sizeof(text), "%s: %s", w->name, line);
	kiln_crew_lock(w->crew);
	ui->log(ui->user, level, module, text);
	kiln_crew_unlock(w->crew);
}

static void *worker_main(void *user)
{
	struct worker *w = user;

	w->end.code = w->crew->work(w->crew->user, w->end.i, &w->host, &w->end.err);
	kiln_crew_lock(w->crew);
	w->ended = true;
	kiln_crew_unlock(w->crew);
	add_one(w->crew->endings);
	return NULL;
}

/* Recursive: who holds it may call what logs. */
static int init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;
	int failed = pthread_mutexattr_init(&attr);

	if (failed)
		return failed;
	(void)pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	failed = pthread_mutex_init(lock, &attr);
	(void)pthread_mutexattr_destroy(&attr);
	return failed;
}

kiln_code kiln_crew_new(const struct kiln_host *host, kiln_crew_work work, void *user,
			struct kiln_crew **ret_crew, struct kiln_err *err)
{
	static const char what[] = "cannot work on several boards at once";
	struct kiln_crew *crew = calloc(1, sizeof(*crew));
	int failed;

	if (!crew)
		return kiln_fail(err, KILN_E_NOMEM, what);
	*crew = (struct kiln_crew){ .host = host, .work = work, .user = user };
	crew->endings = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	failed = crew->endings < 0 ? errno : init_lock(&crew->lock);
	if (failed) {
		if (crew->endings >= 0)
			close(crew->endings);
		free(crew);
		return kiln_fail_errno(err, KILN_E_IO, failed, what);
	}
	*ret_crew = crew;
	return KILN_OK;
}

kiln_code kiln_crew_start(struct kiln_crew *crew, size_t i, const char *name, struct kiln_err *err)
{
	struct worker *w = calloc(1, sizeof(*w));
	int failed;

	if (!w)
		return kiln_fail(err, KILN_E_NOMEM, "cannot work on '%s'", name);
	*w = (struct worker){ .crew = crew, .host = *crew->host, .end.i = i };
	kiln_text_copy(w->name, sizeof(w->name), name);
	w->host.waiter = (struct kiln_waiter){ worker_wait, w };
	if (crew->host->ui.log) {
		w->host.ui.log = worker_log;
		w->host.ui.user = w;
	}
	w->cancels = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	failed = w->cancels < 0 ? errno : pthread_create(&w->thread, NULL, worker_main, w);
	if (failed) {
		if (w->cancels >= 0)
			close(w->cancels);
		free(w);
		return kiln_fail_errno(err, KILN_E_IO, failed, "cannot work on '%s'", name);
	}
	w->next = crew->workers;
	crew->workers = w;
	crew->busy++;
	return KILN_OK;
}

size_t kiln_crew_busy(const struct kiln_crew *crew)
{
	return crew->busy;
}

/* Take one that has ended out of the list. */
static struct worker *take_ended(struct kiln_crew *crew)
{
	struct worker **at = &crew->workers, *found;

	kiln_crew_lock(crew);
	while (*at && !(*at)->ended)
		at = &(*at)->next;
	kiln_crew_unlock(crew);
	found = *at;
	if (found)
		*at = found->next;
	return found;
}

static void worker_free(struct worker *w)
{
	(void)pthread_join(w->thread, NULL);
	close(w->cancels);
	free(w);
}

kiln_code kiln_crew_next(struct kiln_crew *crew, kiln_ms deadline, struct kiln_crew_end *ret_end,
			 struct kiln_err *err)
{
	while (!take_one(crew->endings)) {
		const kiln_code code = kiln_host_wait(crew->host, crew->endings, POLLIN, deadline);

		if (code == KILN_E_CANCELLED)
			kiln_crew_cancel(crew);
		if (code != KILN_OK)
			return kiln_fail(err, code, "cannot wait for the boards");
	}
	struct worker *w = take_ended(crew);

	*ret_end = w->end;
	worker_free(w);
	crew->busy--;
	return KILN_OK;
}

void kiln_crew_cancel(struct kiln_crew *crew)
{
	for (const struct worker *w = crew->workers; w; w = w->next)
		add_one(w->cancels);
}

void kiln_crew_lock(struct kiln_crew *crew)
{
	(void)pthread_mutex_lock(&crew->lock);
}

void kiln_crew_unlock(struct kiln_crew *crew)
{
	(void)pthread_mutex_unlock(&crew->lock);
}

void kiln_crew_free(struct kiln_crew *crew)
{
	if (!crew)
		return;
	while (crew->workers) {
		struct worker *w = crew->workers;

		/* once more for each: the first may have ended a wait of many */
		kiln_crew_cancel(crew);
		crew->workers = w->next;
		worker_free(w);
	}
	close(crew->endings);
	(void)pthread_mutex_destroy(&crew->lock);
	free(crew);
}
