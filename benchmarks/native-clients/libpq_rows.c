/*
 * Reads a query of one column as a careful C program does: libpq in single-row mode, values as text. The last line on standard error is JSON: the
 * rows and their bytes.
 *
 *   libpq_rows CONNECTION SQL            sums the values' lengths
 *   libpq_rows CONNECTION SQL --write    also writes the values to standard output, each as a line
 */
#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

static int fail(PGconn *connection)
{
    fprintf(stderr, "libpq_rows: %s", PQerrorMessage(connection));
    PQfinish(connection);
    return 1;
}

int main(int argc, char **argv)
{
    int write = argc == 4 && strcmp(argv[3], "--write") == 0;
    if (argc != 3 + write)
    {
        fprintf(stderr, "usage: libpq_rows CONNECTION SQL [--write]\n");
        return 2;
    }

    PGconn *connection = PQconnectdb(argv[1]);
    if (PQstatus(connection) != CONNECTION_OK)
    {
        return fail(connection);
    }

    if (!PQsendQueryParams(connection, argv[2], 0, NULL, NULL, NULL, NULL, 0) || !PQsetSingleRowMode(connection))
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
