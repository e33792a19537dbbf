/*
 * Runs one program to its end and prints, as one line of JSON on standard output, what the kernel says it cost: the whole process, start-up included.
 *
 *   measure PROGRAM [ARGUMENT...]
 *
 * The program's own standard output goes to /dev/null.
 * A program of its own because Linux counts the memory of the process that forked as the child's peak: under a large parent, such as a .NET
 * program, every small child would look as large as its parent. This one stays below two megabytes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long microseconds(struct timeval time)
{
    return time.tv_sec * 1000000LL + time.tv_usec;
}

int main(int argc, char **argv)
{
    char **program = argv + 1;
    if (argc < 2)
    {
        fprintf(stderr, "usage: measure PROGRAM [ARGUMENT...]\n");
        return 2;
    }

    /* Whoever started us may be killed; then neither we nor the program shall stay behind. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    long long start = nanoseconds();
    pid_t child = fork();
    if (child == 0)
    {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int null = open("/dev/null", O_WRONLY);
        if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
        {
            perror("measure: /dev/null");
            _exit(127);
        }

        execvp(program[0], program);
        fprintf(stderr, "measure: %s: %s\n", program[0], strerror(errno));
        _exit(127);
    }

    struct rusage used;
    int status = 0;
    pid_t ended = -1;
    while (child > 0 && (ended = wait4(child, &status, 0, &used)) < 0 && errno == EINTR)
    {
    }

    if (ended < 0)
    {
        perror("measure");
        return 127;
    }

    printf("{\"exitCode\":%d,\"wallNs\":%lld,\"userUs\":%lld,\"systemUs\":%lld,\"peakKb\":%ld,\"waits\":%ld,\"preemptions\":%ld}\n",
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), nanoseconds() - start, microseconds(used.ru_utime),
           microseconds(used.ru_stime), used.ru_maxrss, used.ru_nvcsw, used.ru_nivcsw);
    return 0;
}
