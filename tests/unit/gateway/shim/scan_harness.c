/* Reads frames (four bytes of length, then the bytes) and says of each what the shim's scanner makes of it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "json-scan.h"

/* As a frame, so that any character can stand in it. */
static void tell(const void *text, uint32_t size) {
    fwrite(&size, sizeof size, 1, stdout);
    fwrite(text, 1, size, stdout);
}

int main(void) {
    uint32_t size;
    while (fread(&size, sizeof size, 1, stdin) == 1) {
        /* Exactly as large as the frame: a byte read past its end is found. */
        unsigned char *bytes = malloc(size ? size : 1);
        if (bytes == NULL || fread(bytes, 1, size, stdin) != size) return 1;
        struct run run;
        struct head head = {0};
        char verdict[64];
        int length = snprintf(verdict, sizeof verdict, "%d %d", is_object(bytes, size), scan_run(bytes, size, &run));
        tell(verdict, (uint32_t)length);
        tell(run.socket, (uint32_t)strlen(run.socket));
        tell(run.http, (uint32_t)strlen(run.http));
        length = snprintf(verdict, sizeof verdict, "%ld", run.pid);
        tell(verdict, (uint32_t)length);
        bool possible = scan_head(bytes, size, &head);
        length = snprintf(verdict, sizeof verdict, "%d %zu %d %zu", possible, head.size, head.has_length, head.length);
        tell(verdict, (uint32_t)length);
        fflush(stdout);
        free(bytes);
    }
    return 0;
}
