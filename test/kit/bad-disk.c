/*
 * A disk that misbehaves, for tests: preloaded into a process (LD_PRELOAD), it stands before the C library's writing functions and does to files
 * under BAD_DISK_HOME what the first word of the file BAD_DISK_SWITCH says at that moment: "fine", "readonly" (EROFS), "broken" (EIO), or
 * "slow" (50 ms before each flush). Reading is never touched.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static char mode(void) {
  const char *path = getenv("BAD_DISK_SWITCH");
  char first = 'f';
  int descriptor = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (descriptor < 0) return first;
  if (read(descriptor, &first, 1) != 1) first = 'f';
  close(descriptor);
  return first;
}

static int is_ours(int descriptor) {
  char link[64], target[4096];
  const char *home = getenv("BAD_DISK_HOME");
  if (!home) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, target, sizeof target - 1);
  if (length < 0) return 0;
  target[length] = 0;
  return strncmp(target, home, strlen(home)) == 0;
}

/* The error to answer with, or 0. */
static int refusal(int descriptor) {
  char now = mode();
  if (now != 'r' && now != 'b') return 0;
  if (!is_ours(descriptor)) return 0;
  return now == 'r' ? EROFS : EIO;
}

static void flush_slowly(int descriptor) {
  struct timespec pause = {0, 50 * 1000 * 1000};
  if (mode() == 's' && is_ours(descriptor)) nanosleep(&pause, 0);
}

/* A write into a file that was opened to be durable at once (O_DSYNC, as the journal is) is a flush as well. */
static void write_slowly(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  if (flags >= 0 && (flags & O_DSYNC)) flush_slowly(descriptor);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define REFUSE(descriptor)            \
  int error = refusal(descriptor);    \
  if (error) {                        \
    errno = error;                    \
    return -1;                        \
  }

ssize_t write(int descriptor, const void *bytes, size_t count) { REFUSE(descriptor) write_slowly(descriptor); return REAL(write)(descriptor, bytes, count); }
ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t at) { REFUSE(descriptor) write_slowly(descriptor); return REAL(pwrite)(descriptor, bytes, count, at); }
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t at) { REFUSE(descriptor) write_slowly(descriptor); return REAL(pwrite64)(descriptor, bytes, count, at); }
int ftruncate(int descriptor, off_t length) { REFUSE(descriptor) return REAL(ftruncate)(descriptor, length); }
int ftruncate64(int descriptor, off64_t length) { REFUSE(descriptor) return REAL(ftruncate64)(descriptor, length); }
int fsync(int descriptor) { REFUSE(descriptor) flush_slowly(descriptor); return REAL(fsync)(descriptor); }
int fdatasync(int descriptor) { REFUSE(descriptor) flush_slowly(descriptor); return REAL(fdatasync)(descriptor); }
