/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is written to audit.jsonl, and what is remembered of it: what is there. */
#include "audit-private.h"

#include <glib/gstdio.h>
#include <string.h>

#include "../wait.h"

typedef struct {
  char *folder, *path;
  RegiaAudit *audit;
  guint told;
} Fixture;

static void
written_cb (gpointer user_data)
{
  ((Fixture *)user_data)->told++;
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("regia-audit-XXXXXX", NULL);
  self->path = g_build_filename (self->folder, "audit.jsonl", NULL);
  self->audit = regia_audit_new (self->path, written_cb, self);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  regia_audit_free (self->audit);
  g_remove (self->path);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_free (self->path);
}

static gsize
count (Fixture *self)
{
  g_autoptr (GVariant) last = g_variant_ref_sink (regia_audit_get_last (self->audit));

  return g_variant_n_children (last);
}

static void
write_lines (Fixture *self, guint from, guint to)
{
  for (guint n = from; n <= to; n++)
    regia_audit_write (self->audit, g_strdup_printf ("{\"n\":%u}", n));
}

static gboolean
ends_with (Fixture *self, const char *text)
{
  g_autoptr (GVariant) last = g_variant_ref_sink (regia_audit_get_last (self->audit));
  const char *line;

  g_variant_get_child (last, g_variant_n_children (last) - 1, "(t&s)", NULL, &line);
  return strcmp (line, text) == 0;
}

/* The last of them, each with the place where it ends in the file. */
static void
test_written (Fixture *self, gconstpointer data)
{
  g_autoptr (GVariant) last = NULL;
  g_autofree char *text = NULL;
  GStatBuf info;
  gsize n;

  write_lines (self, 1, 3);
  WAIT_UNTIL (count (self) == 3);
  g_assert_cmpuint (self->told, >, 0);
  write_lines (self, 4, REGIA_AUDIT_REMEMBERED + 10);
  WAIT_UNTIL (ends_with (self, "{\"n\":74}"));
  last = g_variant_ref_sink (regia_audit_get_last (self->audit));
  n = g_variant_n_children (last);
  g_assert_cmpuint (n, ==, REGIA_AUDIT_REMEMBERED);
  g_assert_true (g_file_get_contents (self->path, &text, NULL, NULL));
  g_assert_true (g_str_has_prefix (text, "{\"n\":1}\n{\"n\":2}\n"));
  for (gsize i = 0; i < n; i++) {
    const char *line;
    guint64 end;

    g_variant_get_child (last, i, "(t&s)", &end, &line);
    g_assert_cmpuint (end, <=, strlen (text));
    g_assert_cmpint (text[end - 1], ==, '\n');
    g_assert_cmpint (strncmp (text + end - 1 - strlen (line), line, strlen (line)), ==, 0);
  }
  g_assert_cmpint (g_stat (self->path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);
}

/* One that could not be written was not, for nobody. */
static void
test_not_written (Fixture *self, gconstpointer data)
{
  g_assert_cmpint (g_mkdir (self->path, 0700), ==, 0);
  g_test_expect_message ("regia-director", G_LOG_LEVEL_WARNING, "*audit.jsonl*not written down*");
  regia_audit_write (self->audit, g_strdup ("{}"));
  g_clear_pointer (&self->audit, regia_audit_free); /* waits for it */
  g_test_assert_expected_messages ();
  g_assert_cmpint (g_rmdir (self->path), ==, 0);
  self->audit = regia_audit_new (self->path, written_cb, self);
  write_lines (self, 1, 1);
  WAIT_UNTIL (count (self) == 1);
}

/* At the end what was commanded gets there, and nobody is told any more. */
static void
test_end (Fixture *self, gconstpointer data)
{
  g_autofree char *text = NULL;

  write_lines (self, 1, 20);
  g_clear_pointer (&self->audit, regia_audit_free);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (self->told, ==, 0);
  g_assert_true (g_file_get_contents (self->path, &text, NULL, NULL));
  g_assert_true (g_str_has_suffix (text, "\n{\"n\":20}\n"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/audit/written", Fixture, NULL, set_up, test_written, tear_down);
  g_test_add ("/audit/not-written", Fixture, NULL, set_up, test_not_written, tear_down);
  g_test_add ("/audit/end", Fixture, NULL, set_up, test_end, tear_down);
  return g_test_run ();
}
