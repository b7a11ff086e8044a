/*
 * What spark-hook understands of JSON and HTTP, on bytes alone: no allocation, no recursion without a bound, never a
 * byte read past the end. Strict as RFC 8259 is: what another reader could understand otherwise is refused whole.
 */
#ifndef SPARK_JSON_SCAN_H
#define SPARK_JSON_SCAN_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define DEEPEST 100 /* Lists and objects in each other; what Spark writes has five at most. */

struct text {
    const unsigned char *at, *end;
};

/* Where a string's value goes: ended by a NUL, empty when it does not fit or holds a NUL itself. */
struct field {
    char *into;
    size_t room;
};

/* What run.json tells; empty or 0 where it tells nothing that can be used. */
struct run {
    char socket[512], http[128];
    long pid;
};

struct head {
    size_t size; /* With the empty line; 0 while it is not complete. */
    size_t length;
    bool has_length;
};

static bool scan_value(struct text *text, int depth);

static void skip_space(struct text *text) {
    while (text->at < text->end && memchr(" \t\r\n", *text->at, 4) != NULL) text->at++;
}

static bool take(struct text *text, char wanted) {
    if (text->at == text->end || *text->at != (unsigned char)wanted) return false;
    text->at++;
    return true;
}

static bool take_word(struct text *text, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(text->end - text->at) < length || memcmp(text->at, word, length) != 0) return false;
    text->at += length;
    return true;
}

static int take_hex4(struct text *text) {
    int number = 0;
    for (int digit = 0; digit < 4; digit++) {
        if (text->at == text->end) return -1;
        unsigned char c = *text->at++;
        if (c >= '0' && c <= '9') number = number * 16 + (c - '0');
        else if (c >= 'a' && c <= 'f') number = number * 16 + (c - 'a' + 10);
        else if (c >= 'A' && c <= 'F') number = number * 16 + (c - 'A' + 10);
        else return -1;
    }
    return number;
}

/* The character of an escape, after its backslash; -1 for none. Half of a surrogate pair is none. */
static long take_escape(struct text *text) {
    if (text->at == text->end) return -1;
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    unsigned char c = *text->at++;
    if (c != 'u') {
        const char *found = memchr(names, c, sizeof names - 1);
        return found == NULL ? -1 : values[found - names];
    }
    int first = take_hex4(text);
    if (first < 0xD800 || first > 0xDFFF) return first;
    if (first > 0xDBFF || !take(text, '\\') || !take(text, 'u')) return -1;
    int second = take_hex4(text);
    return second < 0xDC00 || second > 0xDFFF ? -1 : 0x10000 + ((long)(first - 0xD800) << 10) + (second - 0xDC00);
}

/* The next character of UTF-8, in its only spelling; -1 for none. */
static long take_character(struct text *text) {
    unsigned char first = *text->at++;
    if (first < 0x80) return first;
    int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC2 || first > 0xF4 || text->end - text->at < more) return -1;
    long number = first & (0x3F >> more);
    for (int byte = 0; byte < more; byte++) {
        if ((*text->at & 0xC0) != 0x80) return -1;
        number = number << 6 | (*text->at++ & 0x3F);
    }
    static const long least[] = {0x80, 0x800, 0x10000};
    bool surrogate = number >= 0xD800 && number <= 0xDFFF;
    return number < least[more - 1] || number > 0x10FFFF || surrogate ? -1 : number;
}

static size_t encode(long c, char *into) {
    if (c < 0x80) return into[0] = (char)c, 1;
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const int marks[] = {0xC0, 0xE0, 0xF0};
    into[0] = (char)(marks[more - 1] | (c >> 6 * more));
    for (int byte = 1; byte <= more; byte++) into[byte] = (char)(0x80 | (c >> 6 * (more - byte) & 0x3F));
    return (size_t)more + 1;
}

static bool scan_string(struct text *text, const struct field *field) {
    if (!take(text, '"')) return false;
    size_t size = 0;
    bool fits = field != NULL;
    while (text->at < text->end) {
        bool escaped = *text->at == '\\';
        if (*text->at == '"') {
            text->at++;
            if (field != NULL) field->into[fits ? size : 0] = 0;
            return true;
        }
        if (*text->at < 0x20) return false;
        if (escaped) text->at++;
        long c = escaped ? take_escape(text) : take_character(text);
        if (c < 0) return false;
        char bytes[4];
        size_t count = encode(c, bytes);
        fits = fits && c != 0 && count < field->room - size;
        if (fits) memcpy(field->into + size, bytes, count), size += count;
    }
    return false;
}

static bool take_digits(struct text *text) {
    const unsigned char *start = text->at;
    while (text->at < text->end && *text->at >= '0' && *text->at <= '9') text->at++;
    return text->at > start;
}

static bool scan_number(struct text *text) {
    take(text, '-');
    if (!take(text, '0') && !take_digits(text)) return false;
    if (take(text, '.') && !take_digits(text)) return false;
    if (!take(text, 'e') && !take(text, 'E')) return true;
    if (!take(text, '+')) take(text, '-');
    return take_digits(text);
}

/* A positive int; 0 for every other value. */
static long positive(const unsigned char *at, const unsigned char *end) {
    long long number = 0;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9') return 0;
        number = number * 10 + (*at - '0');
        if (number > INT_MAX) return 0;
    }
    return (long)number;
}

/* One member of an object; of the outermost one, what is wanted is kept. The last of equal names counts. */
static bool scan_member(struct text *text, int depth, struct run *run) {
    char name[16];
    struct field names = {name, sizeof name}, socket = {0}, http = {0}, *field = NULL;
    if (!scan_string(text, run != NULL ? &names : NULL)) return false;
    skip_space(text);
    if (!take(text, ':')) return false;
    skip_space(text);
    if (run == NULL) return scan_value(text, depth);
    if (!strcmp(name, "socket")) socket = (struct field){run->socket, sizeof run->socket}, field = &socket;
    if (!strcmp(name, "http")) http = (struct field){run->http, sizeof run->http}, field = &http;
    if (field != NULL) field->into[0] = 0;
    if (field != NULL && text->at < text->end && *text->at == '"') return scan_string(text, field);
    const unsigned char *start = text->at;
    if (!scan_value(text, depth)) return false;
    if (!strcmp(name, "pid")) run->pid = positive(start, text->at);
    return true;
}

static bool scan_members(struct text *text, int depth, struct run *run) {
    if (!take(text, '{')) return false;
    skip_space(text);
    if (take(text, '}')) return true;
    do {
        skip_space(text);
        if (!scan_member(text, depth, run)) return false;
        skip_space(text);
    } while (take(text, ','));
    return take(text, '}');
}

static bool scan_items(struct text *text, int depth) {
    if (!take(text, '[')) return false;
    skip_space(text);
    if (take(text, ']')) return true;
    do {
        skip_space(text);
        if (!scan_value(text, depth)) return false;
        skip_space(text);
    } while (take(text, ','));
    return take(text, ']');
}

static bool scan_value(struct text *text, int depth) {
    if (text->at == text->end) return false;
    switch (*text->at) {
        case '{': return depth < DEEPEST && scan_members(text, depth + 1, NULL);
        case '[': return depth < DEEPEST && scan_items(text, depth + 1);
        case '"': return scan_string(text, NULL);
        case 't': return take_word(text, "true");
        case 'f': return take_word(text, "false");
        case 'n': return take_word(text, "null");
        default: return scan_number(text);
    }
}

/* Whether the bytes are one JSON object; keeps of it what `run` wants, where that is given. */
static bool scan_object(const unsigned char *bytes, size_t size, struct run *run) {
    struct text text = {bytes, bytes + size};
    skip_space(&text);
    if (!scan_members(&text, 1, run)) return false;
    skip_space(&text);
    return text.at == text.end;
}

static bool is_object(const unsigned char *bytes, size_t size) { return scan_object(bytes, size, NULL); }

static bool scan_run(const unsigned char *bytes, size_t size, struct run *run) {
    memset(run, 0, sizeof *run);
    return scan_object(bytes, size, run);
}

/* One header line; false for an answer whose length is not plain. */
static bool scan_header(const char *line, size_t size, struct head *head) {
    static const char length_name[] = "content-length:", coding[] = "transfer-encoding:";
    if (size >= sizeof coding - 1 && strncasecmp(line, coding, sizeof coding - 1) == 0) return false;
    if (size < sizeof length_name - 1 || strncasecmp(line, length_name, sizeof length_name - 1) != 0) return true;
    size_t at = sizeof length_name - 1, length = 0;
    while (at < size && (line[at] == ' ' || line[at] == '\t')) at++;
    while (size > at && (line[size - 1] == ' ' || line[size - 1] == '\t')) size--;
    if (at == size || size - at > 8) return false;
    for (; at < size; at++) {
        if (line[at] < '0' || line[at] > '9') return false;
        length = length * 10 + (size_t)(line[at] - '0');
    }
    if (head->has_length && head->length != length) return false;
    head->has_length = true;
    head->length = length;
    return true;
}

/* The head of an answer, when it is there whole; false once it is no 200. */
static bool scan_head(const unsigned char *bytes, size_t size, struct head *head) {
    const char *text = (const char *)bytes, *end = text + size, *line = text;
    if (size > 12 && (memcmp(text, "HTTP/1.", 7) != 0 || memcmp(text + 8, " 200", 4) != 0)) return false;
    struct head found = {0};
    for (const char *stop; (stop = memchr(line, '\r', (size_t)(end - line))) != NULL; line = stop + 2) {
        if (end - stop < 2) return true;
        bool first = line == text;
        if (stop[1] != '\n' || (first && (stop - line < 12 || (stop - line > 12 && line[12] != ' ')))) return false;
        if (!first && !scan_header(line, (size_t)(stop - line), &found)) return false;
        if (line == stop) {
            found.size = (size_t)(stop + 2 - text);
            *head = found;
            return true;
        }
    }
    return true;
}

#endif
