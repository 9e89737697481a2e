/* scale: a server that adds up what it is sent, and compresses its answer if asked to. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static void answer(int client, const char *status, const char *body, size_t length)
{
    char head[256];
    int n = snprintf(head, sizeof head, "HTTP/1.0 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status, length);
    if (write(client, head, n) < 0 || write(client, body, length) < 0)
        perror("write");
}

static void handle(int client)
{
    char request[4096] = "", body[4096];
    ssize_t n = read(client, request, sizeof request - 1);
    if (n <= 0)
        return;
    if (strncmp(request, "GET /sum?", 9) == 0) {
        long sum = 0;
        for (char *p = request + 9; *p && *p != ' ';) {
            sum += strtol(p, &p, 10);
            if (*p == ',')
                p++;
            else
                break;
        }
        int length = snprintf(body, sizeof body, "%ld kg\n", sum);
        answer(client, "200 OK", body, length);
    } else if (strncmp(request, "GET /crc/", 9) == 0) {
        size_t length = strcspn(request + 9, " ");
        int m = snprintf(body, sizeof body, "%08lx\n", crc32(0, (const Bytef *)request + 9, length));
        answer(client, "200 OK", body, m);
    } else if (strncmp(request, "GET /health", 11) == 0) {
        answer(client, "200 OK", "ok\n", 3);
    } else {
        answer(client, "404 Not Found", "no such scale\n", 14);
    }
}

int main(int argc, char **argv)
{
    int port = argc > 1 ? atoi(argv[1]) : 7000, yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = INADDR_ANY};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    signal(SIGPIPE, SIG_IGN);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16)) {
        perror("listen");
        return 1;
    }
    printf("scale listens on %d, zlib %s\n", port, zlibVersion());
    fflush(stdout);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0)
            continue;
        handle(client);
        close(client);
    }
}
