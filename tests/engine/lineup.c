/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources that come, go and are set anew while the programme runs. */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "regia/config/sources.h"

#define CAMERA "[source camera]\npipeline=test\nwidth=640\nheight=360\n"
#define WAIT_S 30

/* What is over the file: (element-type RegiaConfigSourceChange). */
static RegiaConfigSourceChange *
add_guest (GPtrArray *changes, const char *name)
{
  RegiaConfigSourceChange *change = regia_config_source_change_new ("source", name);

  change->fresh = TRUE;
  g_hash_table_insert (change->keys, g_strdup ("pipeline"), g_strdup ("test"));
  g_hash_table_insert (change->keys, g_strdup ("width"), g_strdup ("320"));
  g_hash_table_insert (change->keys, g_strdup ("height"), g_strdup ("180"));
  g_hash_table_insert (change->keys, g_strdup ("pattern"), g_strdup ("ball"));
  g_ptr_array_add (changes, change);
  return change;
}

static void
set_sources (Fixture *self, GPtrArray *changes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = regia_config_change_sources (self->config, changes, NULL, &error);

  g_assert_no_error (error);
  regia_engine_set_sources (self->engine, config);
}

/* A reader of one track, as the recorder is of its own: what was lost, and how often it was told of tracks.
 */
typedef struct {
  RegiaFeedCursor *cursor;
  gint64 end_ns; /* of the last packet, 0 before the first */
  guint packets, lost, tables;
} Follower;

static void
follow (Follower *self, Fixture *fixture, const char *track)
{
  g_autofree char *pattern = g_strconcat (track, "\n", NULL);
  gboolean more = TRUE;

  if (self->cursor == NULL)
    self->cursor = regia_feed_cursor_new (fixture->log, REGIA_FEED_RECORD, pattern, strlen (pattern),
                                          REGIA_FEED_FROM_OLDEST, 0);
  while (more) {
    RegiaPacket *packets[64];
    RegiaFeedRead read;

    regia_feed_cursor_read (self->cursor, packets, G_N_ELEMENTS (packets), &read);
    g_assert_false (read.gap);
    self->tables += read.table != NULL;
    for (guint i = 0; i < read.count; i++) {
      /* times of sound are rounded to samples */
      if (self->end_ns != 0 && ABS (packets[i]->pts_ns - self->end_ns) > 2 * REGIA_SECOND / 48000)
        self->lost++;
      self->end_ns = packets[i]->pts_ns + packets[i]->duration_ns;
      self->packets++;
      regia_packet_unref (packets[i]);
    }
    more = read.count > 0 || read.table != NULL;
    g_clear_pointer (&read.table, g_bytes_unref);
  }
}

typedef struct {
  Fixture *fixture;
  const char *name;
  guint64 frames;
} Awaited;

/* (transfer full) (nullable) */
static GVariant *
find_source (Fixture *self, const char *name)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_engine_get_state (self->engine));
  g_autoptr (GVariant) sources = g_variant_lookup_value (state, "sources", G_VARIANT_TYPE ("av"));

  for (gsize i = 0; i < g_variant_n_children (sources); i++) {
    g_autoptr (GVariant) source = NULL;
    const char *found;

    g_variant_get_child (sources, i, "v", &source);
    g_assert_true (g_variant_lookup (source, "name", "&s", &found));
    if (strcmp (found, name) == 0)
      return g_steal_pointer (&source);
  }
  return NULL;
}

static gboolean
gives_picture (gpointer data)
{
  const Awaited *awaited = data;
  g_autoptr (GVariant) source = find_source (awaited->fixture, awaited->name);
  gboolean has_video = FALSE;

  g_assert_nonnull (source);
  g_variant_lookup (source, "has-video", "b", &has_video);
  return has_video;
}

static guint64
get_frames (Fixture *self, const char *key)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_engine_get_state (self->engine));
  guint64 frames = 0;

  g_assert_true (g_variant_lookup (state, key, "t", &frames));
  return frames;
}

static gboolean
has_made_frames (gpointer data)
{
  const Awaited *awaited = data;

  return get_frames (awaited->fixture, "frames") >= awaited->frames;
}

static void
wait_frames (Fixture *self, guint count)
{
  Awaited awaited = {self, NULL, get_frames (self, "frames") + count};

  g_assert_true (wait_for (self, has_made_frames, &awaited, WAIT_S));
}

static void
wait_picture (Fixture *self, const char *name)
{
  Awaited awaited = {self, name, 0};

  g_assert_true (wait_for (self, gives_picture, &awaited, WAIT_S));
}

static gboolean
has_track (Fixture *self, const char *name)
{
  g_autoptr (GPtrArray) tracks = regia_feed_log_get_tracks (self->log);

  return tracks != NULL && regia_tracks_find (tracks, name) != NULL;
}

/* A picture that each of them leaves behind is more in the long run (80 of 640 × 360, 27 MiB), an input with
 * what waits in it in both. */
#define GROWTH_MAX (12 << 20)

/* What the process holds, without the packets that the log is there to hold. */
static gint64
memory_held (Fixture *self)
{
  g_autofree char *text = NULL;
  RegiaFeedLogStats stats;
  gint64 size, resident;

  malloc_trim (0);
  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_assert_cmpint (sscanf (text, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, &size, &resident), ==, 2);
  regia_feed_log_get_stats (self->log, &stats);
  return resident * sysconf (_SC_PAGESIZE) - (gint64)stats.bytes;
}

/* Runs that were stopped take themselves down in their own time, and on a busy machine pictures wait for the
 * encoder: what is held for good is still held later. */
static gint64
least_memory_held (Fixture *self)
{
  gint64 least = G_MAXINT64;

  for (guint i = 0; i < 5; i++) {
    wait_frames (self, 5);
    least = MIN (least, memory_held (self));
  }
  return least;
}

typedef struct {
  Fixture *fixture;
  gint64 before, grown;
} Growth;

/* A sanitizer keeps what was freed, to see who still uses it; what is lost for good it tells at the end. */
static gboolean
is_flat (gpointer data)
{
  Growth *growth = data;

  growth->grown = memory_held (growth->fixture) - growth->before;
#ifdef __SANITIZE_ADDRESS__
  return TRUE;
#else
  return growth->grown < GROWTH_MAX;
#endif
}

/* A guest comes, is seen, scenes are changed meanwhile, and goes while it is shown or not. */
static void
visit (Fixture *self, guint number, guint changes)
{
  g_autofree char *name = g_strdup_printf ("guest-%u", number);
  g_autofree char *track = g_strconcat ("preview/", name, NULL);
  g_autoptr (GPtrArray) list =
      g_ptr_array_new_with_free_func ((GDestroyNotify)regia_config_source_change_free);

  g_assert_false (has_track (self, track));
  add_guest (list, name);
  set_sources (self, list);
  g_assert_true (has_track (self, track));
  wait_picture (self, name);
  for (guint i = 0; i < changes; i++) {
    g_assert_true (
        regia_engine_show (self->engine, i % 2 == 0 ? name : "camera", i % 3 == 0 ? 80 : 0, FALSE));
    wait_frames (self, 1);
  }
  if (number % 2 == 0)
    g_assert_true (regia_engine_show (self->engine, name, 0, FALSE));
  g_ptr_array_set_size (list, 0);
  set_sources (self, list);
  g_assert_null (find_source (self, name));
  g_assert_false (has_track (self, track));
  g_assert_cmpstr (regia_engine_get_scene (self->engine), ==, "camera");
}

static void
test_come_and_go (void)
{
  const guint guests = g_test_slow () ? 100 : 20, changes = 10;
  g_autofree char *text =
      g_strconcat ("[event]\nname=Test\n[programme]\nsize=640x360\nrate=25\n"
                   "[rendition 360p]\nsize=640x360\nbitrate=800k\npreset=ultrafast\n[audio it]\n",
                   CAMERA, NULL);
  Follower pictures = {0}, sound = {0};
  Fixture self;
  Growth growth = {&self, 0, 0};
  gboolean flat;

  fixture_start (&self, text);
  wait_picture (&self, "camera");
  for (guint i = 0; i < guests; i++) {
    visit (&self, i, changes);
    follow (&pictures, &self, "video/360p");
    follow (&sound, &self, "audio/it");
    if (i + 1 == guests / 5)
      growth.before = least_memory_held (&self);
  }
  flat = wait_for (&self, is_flat, &growth, WAIT_S);
  g_test_message (
      "%u sources came and went, %u changes of scene; %.1f MiB more is held than after %u of them", guests,
      guests * changes, (double)growth.grown / (1 << 20), guests / 5);
  g_assert_true (flat);
  g_assert_cmpuint (get_frames (&self, "frames-dropped"), ==, 0);
  fixture_stop (&self);
  follow (&pictures, &self, "video/360p");
  follow (&sound, &self, "audio/it");
  g_test_message ("%u pictures, %u lost; %u packets of sound, %u lost", pictures.packets, pictures.lost,
                  sound.packets, sound.lost);
  g_assert_cmpuint (pictures.packets, >=, guests * changes);
  g_assert_cmpuint (sound.packets, >=, guests * changes);
  g_assert_cmpuint (pictures.lost + sound.lost, ==, 0);
  /* Previews came and went: nothing that concerns a recording. */
  g_assert_cmpuint (pictures.tables, ==, 1);
  g_assert_cmpuint (sound.tables, ==, 1);
  regia_feed_cursor_free (pictures.cursor);
  regia_feed_cursor_free (sound.cursor);
  fixture_clear (&self);
}

/* One is set anew, comes and goes beside another one that is shown: of that no frame is missing, and no place
 * in the feed is another. */
static void
test_beside (void)
{
  g_autofree char *text = with_source (CAMERA "[source desk]\npipeline=test\nvideo=no\n");
  g_autoptr (GPtrArray) list =
      g_ptr_array_new_with_free_func ((GDestroyNotify)regia_config_source_change_free);
  g_autoptr (GPtrArray) pictures = NULL;
  RegiaConfigSourceChange *change;
  Fixture self;
  g_autoptr (GVariant) after = NULL;
  gboolean has_video = TRUE;
  guint64 restarts = 99;

  fixture_start (&self, text);
  wait_picture (&self, "camera");
  change = add_guest (list, "desk");
  change->fresh = FALSE;
  for (guint i = 0; i < 5; i++) {
    g_autofree char *delay = g_strdup_printf ("%ums", 20 * i);

    g_hash_table_insert (change->keys, g_strdup ("delay"), g_strdup (delay));
    g_hash_table_insert (change->keys, g_strdup ("video"), g_strdup (i % 2 == 0 ? "yes" : "no"));
    set_sources (&self, list);
    if (i % 2 == 0)
      wait_picture (&self, "desk");
    g_assert_cmpint (has_track (&self, "preview/desk"), ==, i % 2 == 0);
    wait_frames (&self, 5);
  }
  after = find_source (&self, "camera");
  g_assert_true (g_variant_lookup (after, "restarts", "t", &restarts));
  g_assert_cmpuint (restarts, ==, 0);
  g_assert_true (g_variant_lookup (after, "has-video", "b", &has_video));
  g_assert_true (has_video);
  /* again: the same, and nothing happens */
  set_sources (&self, list);
  wait_frames (&self, 30);
  fixture_stop (&self);
  pictures = packets_of (&self, "video/360p");
  check_video (pictures, 50, TRUE);
  g_assert_cmpuint (check_numbers (&self, "video/360p", pictures), >=, 50);
  fixture_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lineup/come-and-go", test_come_and_go);
  g_test_add_func ("/lineup/beside", test_beside);
  return g_test_run ();
}
