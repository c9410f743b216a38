/* Preloaded into a scan: the n-th write, open, rename or fsync under a folder fails, in whichever process it happens.

   FAULTS_ROOT names the folder, FAULTS_STATE a file of five longs that all processes map: calls counted so far, the
   number of the call that fails, whether all calls after it fail too, the error, and how many calls have failed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

struct state { long calls, at, lasting, error, failed; };
static struct state *state;
static const char *root;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_STATE");
    root = getenv("FAULTS_ROOT");
    int fd = path ? open(path, O_RDWR) : -1;
    if (fd < 0 || !root) return;
    struct state *mapped = mmap(NULL, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped != MAP_FAILED) state = mapped;
}

static int under_root(const char *path) { return path && strncmp(path, root, strlen(root)) == 0; }

static int fd_under_root(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return under_root(path);
}

static int fails(void) {
    long call = __atomic_add_fetch(&state->calls, 1, __ATOMIC_SEQ_CST);
    if (!(call == state->at || (state->lasting && state->at && call > state->at))) return 0;
    __atomic_add_fetch(&state->failed, 1, __ATOMIC_SEQ_CST);
    errno = (int)state->error;
    return 1;
}

#define REAL(type, name, ...) ((type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))
#define ON_PATH(path) (state && under_root(path) && fails())
#define ON_FD(fd) (state && fd_under_root(fd) && fails())

#define OPEN(name)                                                        \
    int name(const char *path, int flags, ...) {                          \
        va_list more;                                                     \
        va_start(more, flags);                                            \
        mode_t mode = va_arg(more, mode_t);                               \
        va_end(more);                                                     \
        if (ON_PATH(path)) return -1;                                     \
        return REAL(int, #name, const char *, int, ...)(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define RENAME(name)                                                      \
    int name(const char *from, const char *to) {                          \
        if (ON_PATH(to)) return -1;                                       \
        return REAL(int, #name, const char *, const char *)(from, to);    \
    }
RENAME(rename)

int mkdir(const char *path, mode_t mode) {
    if (ON_PATH(path)) return -1;
    return REAL(int, "mkdir", const char *, mode_t)(path, mode);
}

/* A write that fails leaves half of what it was given, as a disk that fills up does. */
ssize_t write(int fd, const void *from, size_t n) {
    ssize_t (*real)(int, const void *, size_t) = REAL(ssize_t, "write", int, const void *, size_t);
    if (!ON_FD(fd)) return real(fd, from, n);
    int error = errno;
    if (n > 1) real(fd, from, n / 2);
    errno = error;
    return -1;
}

#define PWRITE(name, offset)                                              \
    ssize_t name(int fd, const void *from, size_t n, offset at) {         \
        if (ON_FD(fd)) return -1;                                         \
        return REAL(ssize_t, #name, int, const void *, size_t, offset)(fd, from, n, at); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define SYNC(name)                                                        \
    int name(int fd) {                                                    \
        if (ON_FD(fd)) return -1;                                         \
        return REAL(int, #name, int)(fd);                                 \
    }
SYNC(fsync)
SYNC(fdatasync)
