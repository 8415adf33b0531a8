/* output.c: files that appear complete or not at all, and the lock of a target. */
#include "io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stop.h"
#include "base/str.h"
#include "io/select.h"

/* Temporary files and locks of this process, with their slots at the signal handler. */
static struct pending {
	char *path;
	int slot;
	struct pending *next;
} * pending;

static void pending_add(const char *path)
{
	struct pending *p = xcalloc(1, sizeof *p);

	p->path = xstrdup(path);
	p->slot = stop_unlink_on_signal(path);
	p->next = pending;
	pending = p;
}

static void pending_forget(const char *path)
{
	for (struct pending **at = &pending; *at; at = &(*at)->next)
		if (strcmp((*at)->path, path) == 0) {
			struct pending *p = *at;

			stop_forget(p->slot);
			*at = p->next;
			free(p->path);
			free(p);
			return;
		}
}

/* "DIR/" of a path ("" if it has none), freed by the caller; *base points into path. */
static char *folder_of(const char *path, const char **base)
{
	const char *slash = strrchr(path, '/');

	*base = slash ? slash + 1 : path;
	return xstrndup(path, slash ? (size_t)(slash + 1 - path) : 0);
}

/* "DIR/.BASE.SUFFIX" */
static char *hidden(const char *path, const char *suffix)
{
	const char *base;
	char *folder = folder_of(path, &base);
	struct str s = { 0 };

	str_printf(&s, "%s.%s.%s", folder, base, suffix);
	free(folder);
	return s.text;
}

static int check_folder(const char *path, struct err *e)
{
	const char *base;
	char *folder = folder_of(path, &base);
	struct stat info;
	int rc = 0;

	if (!*base)
		rc = err_set(e, ERR_USAGE, "%s: a file name is missing", path);
	else if (*folder && stat(folder, &info) != 0)
		rc = errno == ENOENT ? err_set(e, ERR_FAIL, "%s: there is no folder %s", path, folder)
				     : err_errno(e, "%s", path);
	else if (*folder && !S_ISDIR(info.st_mode))
		rc = err_set(e, ERR_FAIL, "%s: %s is no folder", path, folder);
	free(folder);
	return rc;
}

static bool is_terminal(const char *path)
{
	int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	bool yes = fd >= 0 && isatty(fd);

	if (fd >= 0)
		close(fd);
	return yes;
}

int output_resolve(const char *path, bool binary, char **target, bool *stream, struct err *e)
{
	struct stat info;
	int flags;

	*target = NULL;
	*stream = false;
	if (!*path)
		return err_set(e, ERR_USAGE, "the name of the output is empty");
	if (strcmp(path, "-") == 0) {
		*stream = true;
		/* tool_main holds the place of a closed one with /dev/null opened for reading. */
		flags = fcntl(STDOUT_FILENO, F_GETFL);
		if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
			return err_set(e, ERR_FAIL, "standard output is closed");
		if (binary && isatty(STDOUT_FILENO))
			return err_set(e, ERR_USAGE, "refusing to write HDF5 to a terminal");
		return 0;
	}
	if (stat(path, &info) == 0) {
		if (S_ISDIR(info.st_mode))
			return err_set(e, ERR_USAGE, "%s: is a folder", path);
		if (!S_ISREG(info.st_mode)) {
			*stream = true;
			if (binary && S_ISCHR(info.st_mode) && is_terminal(path))
				return err_set(e, ERR_USAGE, "%s: refusing to write HDF5 to a terminal", path);
			return 0;
		}
		*target = realpath(path, NULL);
		if (!*target)
			return err_errno(e, "%s", path);
		return 0;
	}
	if (check_folder(path, e) != 0)
		return -1;
	*target = xstrdup(path);
	return 0;
}

static int write_full(int fd, const char *path, const void *data, size_t n, struct err *e)
{
	const char *at = data;

	while (n > 0) {
		ssize_t k = write(fd, at, n < (size_t)1 << 30 ? n : (size_t)1 << 30);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_errno(e, "%s", path);
		at += k;
		n -= (size_t)k;
	}
	return 0;
}

int output_not_input(const char *output, int n, const char *const *spec, struct err *e)
{
	struct stat out, in;
	int status = 0;

	if (strcmp(output, "-") == 0 || stat(output, &out) != 0 || !S_ISREG(out.st_mode))
		return 0;
	for (int i = 0; i < n && status == 0; i++) {
		char *path, *selection;

		select_split_spec(spec[i], &path, &selection);
		if (strcmp(path, "-") != 0 && stat(path, &in) == 0 && in.st_dev == out.st_dev &&
		    in.st_ino == out.st_ino)
			status = err_set(e, ERR_USAGE, "%s: both read and written; give another -o FILE", path);
		free(path);
		free(selection);
	}
	return status;
}

int output_stream(const char *path, const void *data, size_t n, struct err *e)
{
	int fd, rc;

	if (strcmp(path, "-") == 0) {
		fflush(stdout);
		return write_full(STDOUT_FILENO, "standard output", data, n, e);
	}
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, "%s", path);
	rc = write_full(fd, path, data, n, e);
	if (close(fd) != 0 && rc == 0)
		rc = err_errno(e, "%s", path);
	return rc;
}

static int locked_by_other(int fd, const char *path, struct err *e)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	int64_t process;

	if (n > 0 && text[n - 1] == '\n')
		text[n - 1] = '\0';
	if (n > 0 && str_to_int(text, &process))
		return err_set(e, ERR_LOCKED, "%s: another run is writing this file (process %lld)", path,
			       (long long)process);
	return err_set(e, ERR_LOCKED, "%s: another run is writing this file", path);
}

int output_lock(const char *path, int *lock, struct err *e)
{
	char *name = hidden(path, "lock");
	char text[32];
	int rc = -1;

	*lock = -1;
	/* A holder that leaves removes the file: a lock on what has no name any more is worth nothing, so look again. */
	for (int attempt = 0; attempt < 100; attempt++) {
		struct stat held, named;
		int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

		if (fd < 0) {
			rc = err_errno(e, "%s", path);
			break;
		}
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			if (errno == EWOULDBLOCK) {
				rc = locked_by_other(fd, path, e);
			} else {
				unlink(name);
				rc = 0;
			}
			close(fd);
			break;
		}
		if (fstat(fd, &held) != 0 || stat(name, &named) != 0 || held.st_ino != named.st_ino ||
		    held.st_dev != named.st_dev) {
			close(fd);
			continue;
		}
		snprintf(text, sizeof text, "%ld\n", (long)getpid());
		/* Only a courtesy to the reader of the message: a full disk must not matter here. */
		if (ftruncate(fd, 0) != 0 || pwrite(fd, text, strlen(text), 0) < 0)
			errno = 0;
		pending_add(name);
		*lock = fd;
		rc = 0;
		break;
	}
	if (rc != 0 && e && e->code == ERR_NONE)
		err_set(e, ERR_LOCKED, "%s: other runs keep locking this file", path);
	free(name);
	return rc;
}

void output_unlock(int lock, const char *path)
{
	char *name;

	if (lock < 0)
		return;
	name = hidden(path, "lock");
	/* Unlinked while held: nobody can lock the old file and believe in it. */
	unlink(name);
	pending_forget(name);
	close(lock);
	free(name);
}

/* mkstemp makes files for the owner alone: give what a plain open would have given, or what the old file had. */
static void set_mode(int fd, const char *target)
{
	struct stat old;
	mode_t mask = umask(0);

	umask(mask);
	fchmod(fd, stat(target, &old) == 0 ? old.st_mode & 0777 : 0666 & ~mask);
}

static char *make_temporary(const char *target, int *fd, struct err *e)
{
	char *name = hidden(target, "XXXXXX");

	*fd = mkstemp(name);
	if (*fd < 0) {
		err_errno(e, "%s", target);
		free(name);
		return NULL;
	}
	fcntl(*fd, F_SETFD, FD_CLOEXEC);
	pending_add(name);
	set_mode(*fd, target);
	return name;
}

char *output_temporary(const char *path, struct err *e)
{
	char *target, *name;
	bool stream;
	int fd;

	if (output_resolve(path, false, &target, &stream, e) != 0)
		return NULL;
	if (stream) {
		err_set(e, ERR_USAGE, "%s: a file is needed here", path);
		return NULL;
	}
	name = make_temporary(target, &fd, e);
	free(target);
	if (name)
		close(fd);
	return name;
}

void output_drop(char *temporary)
{
	if (!temporary)
		return;
	unlink(temporary);
	pending_forget(temporary);
	free(temporary);
}

static void sync_folder(const char *path)
{
	const char *base;
	char *folder = folder_of(path, &base);
	int fd = open(*folder ? folder : ".", O_RDONLY | O_CLOEXEC);

	/* Not every file system can; the name is there either way. */
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
}

int output_rename(const char *from, const char *target, struct err *e)
{
	int fd = open(from, O_RDONLY | O_CLOEXEC), rc = 0;

	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL) || rename(from, target) != 0)
		rc = err_errno(e, "%s", target);
	if (fd >= 0)
		close(fd);
	if (rc == 0)
		sync_folder(target);
	return rc;
}

int output_commit(char *temporary, const char *path, struct err *e)
{
	char *target = NULL;
	bool stream;
	int rc = output_resolve(path, false, &target, &stream, e);

	if (rc == 0 && !target)
		rc = err_set(e, ERR_FAIL, "%s: became a device or pipe meanwhile", path);
	if (rc == 0)
		rc = output_rename(temporary, target, e);
	free(target);
	if (rc != 0) {
		output_drop(temporary);
		return -1;
	}
	pending_forget(temporary);
	free(temporary);
	return 0;
}

int output_write(const char *path, const void *data, size_t n, struct err *e)
{
	char *target, *temporary;
	bool stream;
	int fd, rc;

	if (output_resolve(path, false, &target, &stream, e) != 0)
		return -1;
	if (stream)
		return output_stream(path, data, n, e);
	temporary = make_temporary(target, &fd, e);
	free(target);
	if (!temporary)
		return -1;
	rc = write_full(fd, path, data, n, e);
	if (close(fd) != 0 && rc == 0)
		rc = err_errno(e, "%s", path);
	if (rc != 0) {
		output_drop(temporary);
		return -1;
	}
	return output_commit(temporary, path, e);
}
