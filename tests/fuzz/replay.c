//  replay: runs one fuzz target over the files of the folders given as arguments. Every build has it,
//  so that targets do not rot and every find of the past stays found.
//  SPDX-License-Identifier: MPL-2.0
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"

//  True if the file could be read and was given to the target.
static int
s_replay (const char *path)
{
    FILE *file = fopen (path, "rb");
    if (!file)
        return 0;
    //  A block of exactly the file's size: a look past its end is seen by AddressSanitizer
    int read = fseek (file, 0, SEEK_END) == 0;
    long size = read ? ftell (file) : -1;
    uint8_t *data = size >= 0 ? malloc (size ? (size_t) size : 1) : NULL;
    rewind (file);
    read = data && fread (data, 1, (size_t) size, file) == (size_t) size;
    fclose (file);
    if (read)
        LLVMFuzzerTestOneInput (data, (size_t) size);
    free (data);
    return read;
}

//  The number of files replayed, or -1.
static int
s_replay_folder (const char *folder)
{
    DIR *dir = opendir (folder);
    if (!dir) {
        fprintf (stderr, "cannot open %s\n", folder);
        return -1;
    }
    int count = 0;
    for (struct dirent *entry = readdir (dir); entry && count >= 0; entry = readdir (dir)) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf (path, sizeof path, "%s/%s", folder, entry->d_name);
        printf ("%s\n", path);
        fflush (stdout); // The last line names the file that ended the process
        if (s_replay (path))
            count++;
        else {
            fprintf (stderr, "cannot read %s\n", path);
            count = -1;
        }
    }
    closedir (dir);
    return count;
}

int
main (int argc, char **argv)
{
    int total = 0;
    for (int at = 1; at < argc; at++) {
        int count = s_replay_folder (argv[at]);
        if (count <= 0) {
            fprintf (stderr, "nothing replayed from %s\n", argv[at]);
            return EXIT_FAILURE;
        }
        total += count;
    }
    printf ("%d files replayed\n", total);
    return total ? EXIT_SUCCESS : EXIT_FAILURE;
}
