/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "range-private.h"
#include "router-private.h"

/* A download's Content-Disposition: the name is made by us and is filtered all the same. */
static void
set_disposition (RegiaReply *reply, RegiaLibraryItem *item, const RegiaLibraryFile *file)
{
  g_autofree char *title = regia_library_file_title (item, file);

  for (char *p = title; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("._-", *p) == NULL)
      *p = '_';
  g_snprintf (reply->disposition, sizeof reply->disposition, "attachment; filename=\"%.120s\"", title);
}

/* Strong: the checksum while it is known, else what changes with every write. */
static void
set_validators (RegiaReply *reply, const RegiaLibraryFile *file, const struct stat *info)
{
  if (strlen (file->sha256) == 64 && strspn (file->sha256, "0123456789abcdef") == 64)
    g_snprintf (reply->etag, sizeof reply->etag, "\"%.32s\"", file->sha256);
  else
    g_snprintf (reply->etag, sizeof reply->etag, "\"%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x.%lx\"",
                (guint64)info->st_size, (guint64)info->st_mtim.tv_sec, (unsigned long)info->st_mtim.tv_nsec);
  regia_http_date_format (info->st_mtim.tv_sec, reply->last_modified);
}

static gboolean
is_unchanged (const RegiaRequest *request, const RegiaReply *reply, gint64 modified_s)
{
  gint64 since_s;

  if (request->if_none_match != NULL) /* RFC 9110 §13.2.2: the date is then ignored */
    return regia_etag_matches (request->if_none_match, reply->etag);
  since_s = request->if_modified_since != NULL ? regia_http_date_parse (request->if_modified_since) : -1;
  return since_s >= 0 && modified_s <= since_s;
}

void
regia_download_answer (RegiaLibrary *library, const char *id, const char *name, const RegiaRequest *request,
                       RegiaReply *reply)
{
  g_autoptr (RegiaLibraryItem) item = regia_library_get (library, id);
  g_autoptr (GError) error = NULL;
  const RegiaLibraryFile *file = NULL;
  guint64 first = 0, last = 0, size;
  struct stat info;

  if (item != NULL)
    reply->fd = regia_library_open (library, item, name, &file, &error);
  if (item == NULL || reply->fd < 0 || fstat (reply->fd, &info) < 0 || !S_ISREG (info.st_mode)) {
    regia_reply_error (reply, 404, request->path,
                       "There is no such recording. The list of recordings has what there is.");
    return;
  }
  size = (guint64)info.st_size;
  set_validators (reply, file, &info);
  reply->accept_ranges = TRUE;
  reply->cache_control = "no-cache"; /* may be kept, must be asked for: it can be deleted */
  if (is_unchanged (request, reply, info.st_mtim.tv_sec)) {
    close (reply->fd);
    reply->fd = -1;
    reply->status = 304;
    return;
  }
  set_disposition (reply, item, file);
  reply->content_type = "application/octet-stream";
  if (g_str_has_suffix (name, ".mp4"))
    reply->content_type = "video/mp4";
  else if (g_str_has_suffix (name, ".m4a"))
    reply->content_type = "audio/mp4";
  else if (g_str_has_suffix (name, ".vtt"))
    reply->content_type = "text/vtt; charset=utf-8";
  else if (g_str_has_suffix (name, ".jpg"))
    reply->content_type = "image/jpeg";

  switch (regia_range_decide (request->method == REGIA_METHOD_GET ? request->range : NULL, request->if_range,
                              reply->etag, info.st_mtim.tv_sec, size, &first, &last)) {
  case REGIA_RANGE_WHOLE:
    reply->status = 200;
    reply->offset = 0;
    reply->length = size;
    break;
  case REGIA_RANGE_PART:
    reply->status = 206;
    reply->offset = first;
    reply->length = last - first + 1;
    g_snprintf (reply->content_range, sizeof reply->content_range,
                "bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, first, last, size);
    break;
  case REGIA_RANGE_UNSATISFIABLE:
    regia_reply_error (reply, 416, request->path, "The file ends before the bytes that were asked for.");
    g_snprintf (reply->content_range, sizeof reply->content_range, "bytes */%" G_GUINT64_FORMAT, size);
    break;
  }
}
