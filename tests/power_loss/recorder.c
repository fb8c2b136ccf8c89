/* Records what a program does to the files below a folder, so that a test can act as if the power had
 * failed at any moment. Loaded with LD_PRELOAD; DOCENT_RECORD_ROOT names the folder and
 * DOCENT_RECORD_LOG the file that is written. Each record is: one letter, then for each field its
 * length as 64 bits and its bytes. Numbers are fields of 8 bytes. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_len;
static int log_fd = -1;
static char *paths[FDS];

static void raw(const void *bytes, size_t len) {
    const char *at = bytes;
    while (len > 0) {
        ssize_t done = syscall(SYS_write, log_fd, at, len);
        if (done <= 0) abort();
        at += done;
        len -= (size_t)done;
    }
}

static void field(const void *bytes, uint64_t len) {
    raw(&len, sizeof len);
    raw(bytes, len);
}

static void number(uint64_t value) { field(&value, sizeof value); }

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("DOCENT_RECORD_ROOT"), *file = getenv("DOCENT_RECORD_LOG");
    if (!folder || !file || strlen(folder) >= sizeof root) return;
    strcpy(root, folder);
    root_len = strlen(root);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    /* High, so that the program's own files keep the numbers they would have. */
    log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 500);
    syscall(SYS_close, fd);
}

/* The absolute path, if it lies below the folder; else NULL. */
static const char *inside(int dir, const char *path, char *buffer) {
    if (log_fd < 0 || !path) return NULL;
    if (path[0] != '/') {
        char base[PATH_MAX];
        if (dir == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) return NULL;
        } else if (dir >= 0 && dir < FDS && paths[dir]) {
            strcpy(base, paths[dir]);
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
            ssize_t len = readlink(link, base, sizeof base - 1);
            if (len < 0) return NULL;
            base[len] = 0;
        }
        if (snprintf(buffer, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return NULL;
    } else {
        if (strlen(path) >= PATH_MAX) return NULL;
        strcpy(buffer, path);
    }
    size_t len = strlen(buffer);
    while (len > 1 && buffer[len - 1] == '/') buffer[--len] = 0;
    if (strncmp(buffer, root, root_len) != 0) return NULL;
    return buffer[root_len] == 0 || buffer[root_len] == '/' ? buffer : NULL;
}

static void record_path(char op, const char *path) {
    raw(&op, 1);
    field(path, strlen(path));
}

static void record_two(char op, const char *from, const char *to) {
    record_path(op, from);
    field(to, strlen(to));
}

static int opened(int fd, int dir, const char *path, int flags, int existed) {
    char buffer[PATH_MAX];
    const char *own = inside(dir, path, buffer);
    if (fd >= 0 && fd < FDS) {
        free(paths[fd]);
        paths[fd] = own ? strdup(own) : NULL;
        if (own && (flags & O_CREAT) && !existed) record_path('C', own);
        else if (own && (flags & O_TRUNC)) { record_path('T', own); number(0); }
    }
    return fd;
}

static int exists(int dir, const char *path) {
    struct stat found;
    return fstatat(dir, path, &found, AT_SYMLINK_NOFOLLOW) == 0;
}

static int open_any(int dir, const char *path, int flags, mode_t mode) {
    pthread_mutex_lock(&lock);
    int existed = (flags & O_CREAT) ? exists(dir, path) : 1;
    int fd = (int)syscall(SYS_openat, dir, path, flags | O_LARGEFILE, mode);
    int kept = errno;
    opened(fd, dir, path, flags, existed);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return fd;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }

int open(const char *path, int flags, ...) { MODE(flags) return open_any(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return open_any(AT_FDCWD, path, flags, mode); }
int openat(int dir, const char *path, int flags, ...) { MODE(flags) return open_any(dir, path, flags, mode); }
int openat64(int dir, const char *path, int flags, ...) { MODE(flags) return open_any(dir, path, flags, mode); }
int creat(const char *path, mode_t mode) { return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

static void wrote(int fd, const void *bytes, ssize_t done, off_t at) {
    if (done <= 0 || fd < 0 || fd >= FDS || !paths[fd]) return;
    record_path('W', paths[fd]);
    number((uint64_t)at);
    field(bytes, (uint64_t)done);
}

ssize_t write(int fd, const void *bytes, size_t len) {
    if (log_fd < 0 || fd < 0 || fd >= FDS || !paths[fd]) return syscall(SYS_write, fd, bytes, len);
    pthread_mutex_lock(&lock);
    off_t at = (fcntl(fd, F_GETFL) & O_APPEND) ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
    ssize_t done = syscall(SYS_write, fd, bytes, len);
    int kept = errno;
    wrote(fd, bytes, done, at);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

static ssize_t write_at(int fd, const void *bytes, size_t len, off_t at) {
    pthread_mutex_lock(&lock);
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, len, at);
    int kept = errno;
    wrote(fd, bytes, done, at);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}
ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) { return write_at(fd, bytes, len, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at) { return write_at(fd, bytes, len, at); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (log_fd < 0 || fd < 0 || fd >= FDS || !paths[fd]) return syscall(SYS_writev, fd, parts, count);
    ssize_t all = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = write(fd, parts[i].iov_base, parts[i].iov_len);
        if (done < 0) return all ? all : done;
        all += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return all;
}

/* A copy within the kernel would not be seen: callers fall back to reading and writing. */
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t len, unsigned flags) {
    if (log_fd >= 0 && to >= 0 && to < FDS && paths[to]) { errno = ENOSYS; return -1; }
    return syscall(SYS_copy_file_range, from, from_at, to, to_at, len, flags);
}
ssize_t sendfile(int to, int from, off_t *at, size_t len) {
    if (log_fd >= 0 && to >= 0 && to < FDS && paths[to]) { errno = ENOSYS; return -1; }
    return syscall(SYS_sendfile, to, from, at, len);
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t len) { return sendfile(to, from, at, len); }

static int truncated(int fd, off_t len) {
    pthread_mutex_lock(&lock);
    int done = (int)syscall(SYS_ftruncate, fd, len);
    int kept = errno;
    if (done == 0 && fd >= 0 && fd < FDS && paths[fd]) { record_path('T', paths[fd]); number((uint64_t)len); }
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}
int ftruncate(int fd, off_t len) { return truncated(fd, len); }
int ftruncate64(int fd, off64_t len) { return truncated(fd, len); }

static int synced(long call, int fd) {
    pthread_mutex_lock(&lock);
    /* The disk itself is of no interest here, and slow. */
    (void)call;
    int done = fcntl(fd, F_GETFD) < 0 ? -1 : 0;
    int kept = errno;
    if (done == 0 && fd >= 0 && fd < FDS && paths[fd]) record_path('S', paths[fd]);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}
int fsync(int fd) { return synced(SYS_fsync, fd); }
int fdatasync(int fd) { return synced(SYS_fdatasync, fd); }

int close(int fd) {
    pthread_mutex_lock(&lock);
    if (fd >= 0 && fd < FDS) { free(paths[fd]); paths[fd] = NULL; }
    int done = fd == log_fd ? 0 : (int)syscall(SYS_close, fd);
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

static int two_names(char op, int done, int from_dir, const char *from, int to_dir, const char *to) {
    char one[PATH_MAX], two[PATH_MAX];
    int kept = errno;
    const char *a = inside(from_dir, from, one), *b = inside(to_dir, to, two);
    if (done == 0 && a && b) {
        record_two(op, a, b);
        if (op == 'R')
            for (int fd = 0; fd < FDS; fd++)
                if (paths[fd] && strcmp(paths[fd], a) == 0) { free(paths[fd]); paths[fd] = strdup(b); }
    }
    errno = kept;
    return done;
}

#define LOCKED(expression) \
    pthread_mutex_lock(&lock); \
    int done = (int)(expression); \
    int kept = errno;

int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
    LOCKED(syscall(SYS_renameat2, a, from, b, to, flags))
    errno = kept;
    two_names('R', done, a, from, b, to);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}
int renameat(int a, const char *from, int b, const char *to) { return renameat2(a, from, b, to, 0); }
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int linkat(int a, const char *from, int b, const char *to, int flags) {
    LOCKED(syscall(SYS_linkat, a, from, b, to, flags))
    two_names('L', done, a, from, b, to);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

static int one_name(char op, int done, int dir, const char *path) {
    char buffer[PATH_MAX];
    int kept = errno;
    const char *own = inside(dir, path, buffer);
    if (done == 0 && own) record_path(op, own);
    errno = kept;
    return done;
}

int unlinkat(int dir, const char *path, int flags) {
    LOCKED(syscall(SYS_unlinkat, dir, path, flags))
    one_name((flags & AT_REMOVEDIR) ? 'D' : 'U', done, dir, path);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int dir, const char *path, mode_t mode) {
    LOCKED(syscall(SYS_mkdirat, dir, path, mode))
    one_name('M', done, dir, path);
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
