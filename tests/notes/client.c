/* The notes' client, in C: socket, fill in the address struct, connect, talk, close. "client ADDRESS PORT". */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s ADDRESS PORT\n", argv[0]);
        return 2;
    }
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) {
        perror("socket");
        return 1;
    }
    struct sockaddr_in server;
    memset(&server, 0, sizeof(server));
    server.sin_family = AF_INET;
    server.sin_port = htons(atoi(argv[2]));
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) {
        fprintf(stderr, "%s is no address\n", argv[1]);
        return 2;
    }
    if (connect(fd, (struct sockaddr *)&server, sizeof(struct sockaddr_in)) < 0) {
        perror("connect");
        return 1;
    }
    if (write(fd, "line 0\n", 7) != 7 || write(fd, "line 1\n", 7) != 7 || shutdown(fd, SHUT_WR) < 0) {
        perror("write");
        return 1;
    }
    char answer[200];
    ssize_t size;
    while ((size = read(fd, answer, sizeof(answer) - 1)) > 0) {
        answer[size] = '\0';
        printf("the server says: %s", answer);
    }
    if (size < 0) {
        perror("read");
        return 1;
    }
    close(fd);
    return 0;
}
