/* SPDX-License-Identifier: Apache-2.0 */
/* Where a virtual board is kept while no process holds it. */
#include "sim/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <kiln/time.h>

#include "base/folder.h"
#include "base/text.h"
#include "sim/run.h"

static const char default_chip[] = "esp32";

/* --- paths --- */

static kiln_code folder(char *path, size_t size, struct kiln_err *err)
{
	if (kiln_folder_user(path, size, "XDG_STATE_HOME", ".local/state", "kiln/sim"))
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_CONFIG, "cannot keep virtual boards");
	kiln_why(err, "neither XDG_STATE_HOME nor HOME names a folder by its full path");
	kiln_hint(err, "set HOME, or XDG_STATE_HOME");
	return KILN_E_CONFIG;
}

static kiln_code path_of(char *path, size_t size, const char *dir, const char *name,
			 const char *suffix, struct kiln_err *err)
{
	if (kiln_text_format(path, size, "%s/%s%s", dir, name, suffix))
		return KILN_OK;
	return kiln_fail(err, KILN_E_TOO_BIG, "cannot keep virtual board '%s' in '%s'", name, dir);
}

/* --- lock --- */

static kiln_code busy(int fd, const char *name, struct kiln_err *err)
{
	char text[32] = "", path[64], comm[64] = "";
	uint64_t pid = 0;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	int proc;

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	(void)kiln_fail(err, KILN_E_PORT_BUSY, "cannot open 'sim:%s'", name);
	if (!kiln_text_to_u64(text, &pid))
		return KILN_E_PORT_BUSY;
	kiln_text_format(path, sizeof(path), "/proc/%llu/comm", (unsigned long long)pid);
	proc = open(path, O_RDONLY | O_CLOEXEC);
	n = proc >= 0 ? read(proc, comm, sizeof(comm) - 1) : 0;
	comm[n > 0 ? n - 1 : 0] = '\0'; /* it ends in a newline */
	if (proc >= 0)
		close(proc);
	kiln_why(err, "process %llu%s%s%s holds it", (unsigned long long)pid, comm[0] ? " (" : "",
		 comm, comm[0] ? ")" : "");
	kiln_hint(err,
		  "a board can be used by one process at a time: close that one, then try again");
	return KILN_E_PORT_BUSY;
}

static kiln_code lock(struct sim_state *state, const char *dir, struct kiln_err *err)
{
	char path[1200], pid[32];
	int fd;

	KILN_TRY(path_of(path, sizeof(path), dir, state->name, ".lock", err));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot open '%s'", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		const kiln_code code = errno == EWOULDBLOCK
					       ? busy(fd, state->name, err)
					       : kiln_fail_errno(err, KILN_E_IO, errno,
								 "cannot lock '%s'", path);

		close(fd);
		return code;
	}
	kiln_text_format(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, strlen(pid), 0) < 0) {
		close(fd);
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot write '%s'", path);
	}
	state->lock = fd;
	return KILN_OK;
}

/* --- the board's file --- */

static kiln_code damaged(const char *path, const char *why, struct kiln_err *err)
{
	(void)kiln_fail(err, KILN_E_CONFIG, "cannot read '%s'", path);
	kiln_why(err, "%s", why);
	kiln_hint(err, "remove the file: the board will be made anew; its flash stays");
	return KILN_E_CONFIG;
}

static const char *text_in(const json_t *root, const char *key)
{
	const char *text = json_string_value(json_object_get(root, key));

	return text ? text : "";
}

static kiln_code take_json(struct sim_state *state, const json_t *root, const char *path,
			   struct kiln_err *err)
{
	state->model = sim_model_find(text_in(root, "chip"));
	if (!state->model)
		return damaged(path, "it names no chip that is known", err);
	if (!sim_mac_parse(text_in(root, "mac"), state->mac))
		return damaged(path, "it has no MAC", err);
	if (json_object_get(root, "flash") &&
	    !kiln_text_copy(state->flash, sizeof(state->flash), text_in(root, "flash")))
		return damaged(path, "its flash's path is too long", err);
	return KILN_OK;
}

/* *ret_found is false, and nothing is changed, if there is no such file. */
static kiln_code load(struct sim_state *state, const char *path, bool *ret_found,
		      struct kiln_err *err)
{
	json_error_t error;
	kiln_code code;
	json_t *root;

	*ret_found = access(path, F_OK) == 0;
	if (!*ret_found)
		return KILN_OK;
	root = json_load_file(path, 0, &error);
	if (!root)
		return damaged(path, error.text, err);
	code = take_json(state, root, path, err);
	json_decref(root);
	return code;
}

static void mac_text(const uint8_t mac[6], char text[18])
{
	kiln_text_format(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
			 mac[4], mac[5]);
}

/* Written beside and renamed, so that a reader sees the old one or the new one whole. */
static kiln_code save(const struct sim_state *state, const char *path, const char *own_flash,
		      struct kiln_err *err)
{
	char mac[18], temporary[1300];
	json_t *root;
	bool good;

	mac_text(state->mac, mac);
	kiln_text_format(temporary, sizeof(temporary), "%s.new", path);
	root = json_pack("{s:s, s:s}", "chip", state->model->name, "mac", mac);
	if (root && strcmp(state->flash, own_flash) != 0)
		(void)json_object_set_new(root, "flash", json_string(state->flash));
	good = root && json_dump_file(root, temporary, JSON_INDENT(2)) == 0 &&
	       rename(temporary, path) == 0;
	json_decref(root);
	if (good)
		return KILN_OK;
	return kiln_fail_errno(err, KILN_E_IO, errno, "cannot write '%s'", path);
}

/* --- a pulled cable --- */

enum { AWAY_MAX = 3600 * 1000 }; /* what is further off is of before the machine was started */

/* How long it is still away; 0: it is there. */
static kiln_ms away_ms(const char *dir, const char *name)
{
	char path[1200], text[32] = "";
	uint64_t until = 0;
	FILE *in;

	if (path_of(path, sizeof(path), dir, name, ".away", NULL) != KILN_OK)
		return 0;
	in = fopen(path, "re");
	if (!in)
		return 0;
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	text[strcspn(text, "\n")] = '\0';
	if (!kiln_text_to_u64(text, &until) || until > (uint64_t)(kiln_now() + AWAY_MAX))
		return 0;
	return (kiln_ms)until > kiln_now() ? (kiln_ms)until - kiln_now() : 0;
}

static kiln_code check_cable(const struct sim_state *state, const char *dir, struct kiln_err *err)
{
	const kiln_ms ms = away_ms(dir, state->name);

	if (ms == 0)
		return KILN_OK;
	(void)kiln_fail(err, KILN_E_PORT_MISSING, "cannot open 'sim:%s'", state->name);
	kiln_why(err, "its cable is pulled");
	kiln_hint(err, "the fault that pulled it puts it back in %lld ms", (long long)ms);
	return KILN_E_PORT_MISSING;
}

void sim_state_pull(const struct sim_state *state, uint64_t ms)
{
	char dir[1024], path[1200];
	FILE *out = NULL;

	if (folder(dir, sizeof(dir), NULL) == KILN_OK &&
	    path_of(path, sizeof(path), dir, state->name, ".away", NULL) == KILN_OK)
		out = fopen(path, "we");
	if (!out)
		return;
	fprintf(out, "%lld\n", (long long)(kiln_now() + (kiln_ms)ms));
	fclose(out);
}

/* --- both --- */

static void make_mac(uint8_t mac[6])
{
	static const uint8_t espressif[] = { 0x24, 0x0A, 0xC4 };

	memcpy(mac, espressif, sizeof(espressif));
	if (getrandom(mac + 3, 3, 0) != 3)
		memset(mac + 3, 1, 3);
}

/* A file named in a URL is meant from where the user stands, now and later. */
static kiln_code absolute(char *path, size_t size, const char *file, struct kiln_err *err)
{
	char here[1024];

	if (file[0] == '/')
		return kiln_text_copy(path, size, file) ? KILN_OK : KILN_E_TOO_BIG;
	if (!getcwd(here, sizeof(here)))
		return kiln_fail_errno(err, KILN_E_IO, errno, "cannot find the current folder");
	if (kiln_text_format(path, size, "%s/%s", here, file))
		return KILN_OK;
	return kiln_fail(err, KILN_E_TOO_BIG, "cannot use '%s' as a flash", file);
}

static kiln_code fill(struct sim_state *state, const struct sim_options *o, const char *dir,
		      struct kiln_err *err)
{
	char json[1200], own_flash[1200];
	bool found;

	KILN_TRY(path_of(json, sizeof(json), dir, o->name, ".json", err));
	KILN_TRY(path_of(own_flash, sizeof(own_flash), dir, o->name, ".flash", err));
	KILN_TRY(path_of(state->files, sizeof(state->files), dir, o->name, ".files", err));
	KILN_TRY(path_of(state->nand, sizeof(state->nand), dir, o->name, ".nand", err));
	kiln_text_copy(state->flash, sizeof(state->flash), own_flash);
	KILN_TRY(load(state, json, &found, err));
	if (!found) {
		state->model = sim_model_find(default_chip);
		make_mac(state->mac);
	}
	if (o->model)
		state->model = o->model;
	if (o->has_mac)
		memcpy(state->mac, o->mac, sizeof(state->mac));
	if (o->flash[0])
		KILN_TRY(absolute(state->flash, sizeof(state->flash), o->flash, err));
	if (found && !o->model && !o->has_mac && !o->flash[0])
		return KILN_OK;
	return save(state, json, own_flash, err);
}

kiln_code sim_state_open(struct sim_state *state, const struct sim_options *options,
			 struct kiln_err *err)
{
	char dir[1024];
	kiln_code code;

	*state = (struct sim_state){ .lock = -1 };
	kiln_text_copy(state->name, sizeof(state->name), options->name);
	KILN_TRY(folder(dir, sizeof(dir), err));
	KILN_TRY(kiln_folder_make(dir, 0777, err));
	KILN_TRY(lock(state, dir, err));
	code = check_cable(state, dir, err);
	if (code == KILN_OK)
		code = fill(state, options, dir, err);
	if (code != KILN_OK)
		sim_state_close(state);
	return code;
}

void sim_state_close(struct sim_state *state)
{
	if (state->lock < 0)
		return;
	/* told, not only closed: a child that another thread is just starting holds a copy of the
	 * descriptor until it has begun its program */
	(void)flock(state->lock, LOCK_UN);
	close(state->lock);
	state->lock = -1;
}

/* --- all boards --- */

static bool name_from_file(const char *file, char *name, size_t size)
{
	const size_t n = strlen(file);

	if (n <= 5 || strcmp(file + n - 5, ".json") != 0 || n - 5 >= size)
		return false;
	memcpy(name, file, n - 5);
	name[n - 5] = '\0';
	return sim_name_is_valid(name);
}

kiln_code sim_state_list(void (*found)(void *user, const struct sim_state *state), void *user,
			 struct kiln_err *err)
{
	char dir[1024], path[1200];
	struct dirent *e;
	DIR *d;

	KILN_TRY(folder(dir, sizeof(dir), err));
	d = opendir(dir);
	if (!d)
		return KILN_OK; /* no boards yet */
	while ((e = readdir(d))) {
		struct sim_state state = { .lock = -1 };
		bool there;

		if (!name_from_file(e->d_name, state.name, sizeof(state.name)) ||
		    path_of(path, sizeof(path), dir, state.name, ".json", NULL) != KILN_OK)
			continue;
		if (away_ms(dir, state.name) == 0 && load(&state, path, &there, NULL) == KILN_OK &&
		    there)
			found(user, &state);
	}
	closedir(d);
	return KILN_OK;
}

/* --- removing --- */

static kiln_code remove_files(const char *dir, const char *name, struct kiln_err *err)
{
	/* the lock last: until then nobody else may make a board of that name */
	static const char *const suffixes[] = { ".json", ".flash", ".nand", ".away", ".lock" };
	char path[1200];

	KILN_TRY(path_of(path, sizeof(path), dir, name, ".files", err));
	KILN_TRY(sim_run_wipe_files(path, err));
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		KILN_TRY(path_of(path, sizeof(path), dir, name, suffixes[i], err));
		if (unlink(path) != 0 && errno != ENOENT)
			return kiln_fail_errno(err, KILN_E_IO, errno, "cannot remove '%s'", path);
	}
	return KILN_OK;
}

kiln_code sim_state_remove(const char *name, struct kiln_err *err)
{
	struct sim_state state = { .lock = -1 };
	char dir[1024], path[1200];
	kiln_code code;

	kiln_text_copy(state.name, sizeof(state.name), name);
	KILN_TRY(folder(dir, sizeof(dir), err));
	KILN_TRY(path_of(path, sizeof(path), dir, name, ".json", err));
	if (!sim_name_is_valid(name) || access(path, F_OK) != 0) {
		(void)kiln_fail(err, KILN_E_NO_BOARD, "cannot remove virtual board '%s'", name);
		kiln_hint(err, "'kiln sim --list' shows those that exist");
		return KILN_E_NO_BOARD;
	}
	code = lock(&state, dir, err);
	if (code == KILN_OK)
		code = remove_files(dir, name, err);
	else if (code == KILN_E_PORT_BUSY)
		kiln_because(err, "cannot remove virtual board '%s'", name);
	sim_state_close(&state);
	return code;
}
