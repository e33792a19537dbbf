/*
 * Reads a query of one column as a careful C program does: libpq in single-row mode, values as text. The last line on standard error is JSON: the
 * rows and their bytes.
 *
 *   libpq_rows CONNECTION SQL                      sums the values' lengths
 *   libpq_rows CONNECTION SQL --write              also writes the values to standard output, each as a line
 *   libpq_rows CONNECTION SQL --first-row TIMES    asks that often on one connection, cancels each time after the first row, and reports the median
 *                                                  of the times these took
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

static int fail(PGconn *connection)
{
    fprintf(stderr, "libpq_rows: %s", PQerrorMessage(connection));
    PQfinish(connection);
    return 1;
}

static int ask(PGconn *connection, const char *sql)
{
    return PQsendQueryParams(connection, sql, 0, NULL, NULL, NULL, NULL, 0) && PQsetSingleRowMode(connection);
}

static int read_all(PGconn *connection, const char *sql, int write)
{
    if (!ask(connection, sql))
    {
        return fail(connection);
    }

    long long rows = 0;
    long long bytes = 0;
    int ended = 0;
    PGresult *result;
    while ((result = PQgetResult(connection)) != NULL)
    {
        switch (PQresultStatus(result))
        {
        case PGRES_SINGLE_TUPLE:
            rows++;
            bytes += PQgetlength(result, 0, 0);
            if (write)
            {
                fwrite(PQgetvalue(result, 0, 0), 1, PQgetlength(result, 0, 0), stdout);
                putc_unlocked('\n', stdout);
            }

            break;
        case PGRES_TUPLES_OK:
            ended = 1;
            break;
        default:
            PQclear(result);
            return fail(connection);
        }

        PQclear(result);
    }

    PQfinish(connection);
    fprintf(stderr, "{\"rows\":%lld,\"bytes\":%lld}\n", rows, bytes);
    return ended && fflush(stdout) == 0 ? 0 : 1;
}

static long long nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int compare(const void *left, const void *right)
{
    long long difference = *(const long long *)left - *(const long long *)right;
    return difference < 0 ? -1 : difference > 0;
}

static int read_first(PGconn *connection, const char *sql, int times)
{
    long long *took = calloc(times, sizeof *took);
    PGcancel *cancel = PQgetCancel(connection);
    if (took == NULL || cancel == NULL)
    {
        return fail(connection);
    }

    for (int i = 0; i < times; i++)
    {
        long long start = nanoseconds();
        if (!ask(connection, sql))
        {
            return fail(connection);
        }

        PGresult *result = PQgetResult(connection);
        took[i] = nanoseconds() - start;
        if (PQresultStatus(result) != PGRES_SINGLE_TUPLE)
        {
            PQclear(result);
            return fail(connection);
        }

        char error[256];
        PQclear(result);
        if (!PQcancel(cancel, error, sizeof error))
        {
            fprintf(stderr, "libpq_rows: %s", error);
            return 1;
        }

        /* The rest, which ends with the error that says it was cancelled. */
        while ((result = PQgetResult(connection)) != NULL)
        {
            PQclear(result);
        }
    }

    qsort(took, times, sizeof *took, compare);
    fprintf(stderr, "{\"rows\":%d,\"bytes\":0,\"firstRowNs\":%lld}\n", times, (took[(times - 1) / 2] + took[times / 2]) / 2);
    PQfreeCancel(cancel);
    PQfinish(connection);
    free(took);
    return 0;
}

int main(int argc, char **argv)
{
    int write = argc == 4 && strcmp(argv[3], "--write") == 0;
    int times = argc == 5 && strcmp(argv[3], "--first-row") == 0 ? atoi(argv[4]) : 0;
    if (argc != 3 && !write && times <= 0)
    {
        fprintf(stderr, "usage: libpq_rows CONNECTION SQL [--write | --first-row TIMES]\n");
        return 2;
    }

    PGconn *connection = PQconnectdb(argv[1]);
    if (PQstatus(connection) != CONNECTION_OK)
    {
        return fail(connection);
    }

    return times > 0 ? read_first(connection, argv[2], times) : read_all(connection, argv[2], write);
}
