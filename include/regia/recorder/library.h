/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * The library: what lies in the recordings folder, read from the session.json files; the file system is the
 * truth. No GStreamer, no libav, no writing: the gateway uses it with the folder read-only.
 */

/** A file of a session that can be downloaded. Immutable. */
typedef struct {
  char *name;         /* (owned) relative to the session folder, [A-Za-z0-9._-]+ */
  char *content_type; /* (owned) */
  char *sha256;       /* (owned) 64 hex digits, or "" while not computed */
  guint64 size_bytes;
  gint64 modified_s; /* Unix time */
  gint64 duration_ms;
} RegiaLibraryFile;

/** One session = one item, whatever crashed in between. Immutable, reference counted. */
typedef struct {
  gatomicrefcount ref_count;
  char *id;         /* (owned) folder name */
  char *title;      /* (owned) event name */
  char *place;      /* (owned) */
  char *state;      /* (owned) recording, interrupted (a crash; waits for its finishing), finishing, finished,
                       damaged */
  char *message;    /* (owned) in words, "" when all is well */
  gint64 started_s; /* Unix time of the first packet */
  gint64 duration_ms;
  guint64 size_bytes;
  guint gaps;
  gint64 gap_ms;
  GPtrArray *files; /* (owned) (element-type RegiaLibraryFile) finished files only */
} RegiaLibraryItem;

RegiaLibraryItem *regia_library_item_ref (RegiaLibraryItem *self);
void regia_library_item_unref (RegiaLibraryItem *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaLibraryItem, regia_library_item_unref)

typedef struct _RegiaLibrary RegiaLibrary;

/**
 * regia_library_new:
 * @folder_fd: (transfer none): open descriptor of the recordings folder; everything is opened beneath it with
 * openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), and only regular files
 *
 * Any thread; one lock, a leaf. The list is made anew at most once a second, and session files are read again
 * only when they were replaced or changed; whether a session is for the public is looked at each time that it
 * is asked or opened.
 */
RegiaLibrary *regia_library_new (int folder_fd);
void regia_library_free (RegiaLibrary *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaLibrary, regia_library_free)

/** regia_library_list: (transfer full) (element-type RegiaLibraryItem): newest first. A folder that cannot be
 * read is listed as damaged; one that holds a private span, or did so before its record was lost, is not
 * there at all. */
GPtrArray *regia_library_list (RegiaLibrary *self);
/** (transfer full) (nullable) */
RegiaLibraryItem *regia_library_get (RegiaLibrary *self, const char *id);

/** regia_library_is_withheld: whether a session @id is there and not for the public, because it holds a
 * private span: neither listed nor opened. Reads its record when that has changed. */
gboolean regia_library_is_withheld (RegiaLibrary *self, const char *id);

/**
 * regia_library_open: opens a finished file for reading; the caller closes the descriptor. @ret_file is
 * (transfer none), owned by @item. Returns: −1 with an error (G_IO_ERROR_NOT_FOUND …, which also one gets
 * whose session has become private since @item was listed).
 */
int regia_library_open (RegiaLibrary *self, RegiaLibraryItem *item, const char *name,
                        const RegiaLibraryFile **ret_file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_library_item_to_variant: (transfer floating): a{sv} as in /api/v1/recordings of openapi.json. */
GVariant *regia_library_item_to_variant (RegiaLibraryItem *item);

/** regia_library_file_title: (transfer full): a sensible ASCII name for the downloaded file, for example
 * `2022-09-29-sirio-migranti.mp4`. */
char *regia_library_file_title (RegiaLibraryItem *item, const RegiaLibraryFile *file);
