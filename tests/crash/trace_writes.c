/* Preloaded into a process: notes in $TRACE_LOG what it does to files below $TRACE_ROOT, in the order in which it happened.
 *
 * A record is `struct note` followed by `path` bytes of a path (or of two, divided by a newline) and `data` bytes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct note {
    uint32_t kind, path, data;
    int32_t flags;
    uint64_t inode, offset;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static char root[4096];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *to = getenv("TRACE_LOG"), *below = getenv("TRACE_ROOT");
    if (to && below) {
        snprintf(root, sizeof root, "%s/", below);
        trace = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
}

static void put(const void *from, size_t size) {
    while (size) {
        ssize_t done = syscall(SYS_write, trace, from, size);
        if (done < 0) { if (errno == EINTR) continue; _exit(97); }
        from = (const char *)from + done;
        size -= (size_t)done;
    }
}

static void note(char kind, uint64_t inode, uint64_t offset, int flags, const char *path, const void *data, size_t size) {
    int kept = errno;
    struct note line = {(uint32_t)kind, path ? (uint32_t)strlen(path) : 0, (uint32_t)size, flags, inode, offset};
    put(&line, sizeof line);
    if (path) put(path, line.path);
    if (size) put(data, size);
    errno = kept;
}

static int full_path(int folder, const char *path, char *out) {
    char base[4096];
    if (trace < 0 || !path) return 0;
    if (path[0] == '/') {
        snprintf(out, 4096, "%s", path);
    } else {
        if (folder == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) return 0;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            ssize_t size = readlink(link, base, sizeof base - 1);
            if (size < 0) return 0;
            base[size] = 0;
        }
        if (snprintf(out, 4096, "%s/%s", base, path) >= 4096) return 0;
    }
    return strncmp(out, root, strlen(root)) == 0 || (strlen(out) + 1 == strlen(root) && strncmp(out, root, strlen(out)) == 0);
}

static int of(int fd, uint64_t *inode) { /* whether a descriptor is of a file below the root */
    char link[64], path[4096];
    struct stat found;
    if (trace < 0 || fd < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    if (!(strncmp(path, root, strlen(root)) == 0 || (size + 1 == (ssize_t)strlen(root) && strncmp(path, root, (size_t)size) == 0))) return 0;
    if (fstat(fd, &found)) return 0;
    *inode = found.st_ino;
    return 1;
}

static int opened(int fd, int folder, const char *path, int flags) {
    char full[4096];
    struct stat found;
    if (fd >= 0 && full_path(folder, path, full) && !fstat(fd, &found))
        note('o', found.st_ino, (uint64_t)found.st_size, flags, full, NULL, 0);
    return fd;
}

#define MODE(flags, after) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list rest; va_start(rest, after); mode = va_arg(rest, mode_t); va_end(rest); }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        MODE(flags, flags) \
        pthread_mutex_lock(&lock); \
        int fd = opened(REAL(name)(path, flags, mode), AT_FDCWD, path, flags); \
        pthread_mutex_unlock(&lock); \
        return fd; \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        MODE(flags, flags) \
        pthread_mutex_lock(&lock); \
        int fd = opened(REAL(name)(folder, path, flags, mode), folder, path, flags); \
        pthread_mutex_unlock(&lock); \
        return fd; \
    }
OPENAT(openat)
OPENAT(openat64)

static ssize_t wrote(int fd, const void *data, ssize_t done, int64_t offset) {
    uint64_t inode;
    if (done > 0 && of(fd, &inode)) {
        if (offset < 0) offset = syscall(SYS_lseek, fd, 0, SEEK_CUR) - done;
        note('w', inode, (uint64_t)offset, 0, NULL, data, (size_t)done);
    }
    return done;
}

ssize_t write(int fd, const void *data, size_t size) {
    if (trace < 0) return REAL(write)(fd, data, size);
    pthread_mutex_lock(&lock);
    ssize_t done = wrote(fd, data, REAL(write)(fd, data, size), -1);
    pthread_mutex_unlock(&lock);
    return done;
}

#define PWRITE(name, offset_type) \
    ssize_t name(int fd, const void *data, size_t size, offset_type offset) { \
        if (trace < 0) return REAL(name)(fd, data, size, offset); \
        pthread_mutex_lock(&lock); \
        ssize_t done = wrote(fd, data, REAL(name)(fd, data, size, offset), (int64_t)offset); \
        pthread_mutex_unlock(&lock); \
        return done; \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define UNSUPPORTED(name) { uint64_t inode; if (of(fd, &inode)) { fprintf(stderr, "untraced " #name "\n"); _exit(98); } }
ssize_t writev(int fd, const struct iovec *parts, int count) { UNSUPPORTED(writev) return REAL(writev)(fd, parts, count); }
ssize_t sendfile(int fd, int from, off_t *at, size_t size) { UNSUPPORTED(sendfile) return REAL(sendfile)(fd, from, at, size); }
ssize_t copy_file_range(int from, off64_t *at, int fd, off64_t *to, size_t size, unsigned flags) {
    UNSUPPORTED(copy_file_range)
    return REAL(copy_file_range)(from, at, fd, to, size, flags);
}
int fallocate(int fd, int mode, off_t offset, off_t size) { UNSUPPORTED(fallocate) return REAL(fallocate)(fd, mode, offset, size); }
int fallocate64(int fd, int mode, off64_t offset, off64_t size) { UNSUPPORTED(fallocate64) return REAL(fallocate64)(fd, mode, offset, size); }

#define TRUNCATE(name, offset_type) \
    int name(int fd, offset_type size) { \
        uint64_t inode; \
        pthread_mutex_lock(&lock); \
        int done = REAL(name)(fd, size); \
        if (!done && of(fd, &inode)) note('t', inode, (uint64_t)size, 0, NULL, NULL, 0); \
        pthread_mutex_unlock(&lock); \
        return done; \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(name) \
    int name(int fd) { \
        uint64_t inode; \
        pthread_mutex_lock(&lock); \
        int done = REAL(name)(fd); \
        if (!done && of(fd, &inode)) note('s', inode, 0, 0, NULL, NULL, 0); \
        pthread_mutex_unlock(&lock); \
        return done; \
    }
SYNC(fsync)
SYNC(fdatasync)

static int renamed(int done, int from_folder, const char *from, int to_folder, const char *to) {
    char both[8193], second[4096];
    if (!done && full_path(from_folder, from, both) && full_path(to_folder, to, second)) {
        strcat(both, "\n");
        strcat(both, second);
        note('r', 0, 0, 0, both, NULL, 0);
    }
    return done;
}

int rename(const char *from, const char *to) {
    pthread_mutex_lock(&lock);
    int done = renamed(REAL(rename)(from, to), AT_FDCWD, from, AT_FDCWD, to);
    pthread_mutex_unlock(&lock);
    return done;
}
int renameat(int a, const char *from, int b, const char *to) {
    pthread_mutex_lock(&lock);
    int done = renamed(REAL(renameat)(a, from, b, to), a, from, b, to);
    pthread_mutex_unlock(&lock);
    return done;
}

static int removed(int done, int folder, const char *path) {
    char full[4096];
    if (!done && full_path(folder, path, full)) note('u', 0, 0, 0, full, NULL, 0);
    return done;
}
int unlink(const char *path) {
    pthread_mutex_lock(&lock);
    int done = removed(REAL(unlink)(path), AT_FDCWD, path);
    pthread_mutex_unlock(&lock);
    return done;
}
int unlinkat(int folder, const char *path, int flags) {
    pthread_mutex_lock(&lock);
    int done = removed(REAL(unlinkat)(folder, path, flags), folder, path);
    pthread_mutex_unlock(&lock);
    return done;
}
int remove(const char *path) {
    pthread_mutex_lock(&lock);
    int done = removed(REAL(remove)(path), AT_FDCWD, path);
    pthread_mutex_unlock(&lock);
    return done;
}
int rmdir(const char *path) {
    pthread_mutex_lock(&lock);
    int done = removed(REAL(rmdir)(path), AT_FDCWD, path);
    pthread_mutex_unlock(&lock);
    return done;
}
int mkdir(const char *path, mode_t mode) {
    char full[4096];
    struct stat found;
    pthread_mutex_lock(&lock);
    int done = REAL(mkdir)(path, mode);
    if (!done && full_path(AT_FDCWD, path, full) && !stat(full, &found)) note('d', found.st_ino, 0, 0, full, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}
