/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long the mixers wait: the rule by values, and a programme that goes on without a seam while it changes.
 */
#include "../../src/engine/mix-wait-private.h"

#include <gst/base/gstbasetransform.h>
#include <string.h>

#include "fixture.h"
#include "regia/engine/check.h"

#define MS      REGIA_MSECOND
#define PICTURE (40 * MS)

/* A tenth of a second with what came in it; -1: nothing. */
static void
tenth (RegiaMixWaitRule *rule, gint64 *now_ns, int late_ms)
{
  *now_ns += 100 * MS;
  if (late_ms >= 0)
    g_assert_false (regia_mix_wait_rule_note (rule, "camera", REGIA_MIX_WAIT_PICTURE, late_ms * MS, *now_ns));
  regia_mix_wait_rule_step (rule, *now_ns);
}

static void
settle (RegiaMixWaitRule *rule, gint64 *now_ns, int late_ms)
{
  for (guint i = 0; i < 300; i++)
    tenth (rule, now_ns, late_ms);
}

static void
test_calm (void)
{
  RegiaMixWaitRule rule;
  gint64 now_ns = 70 * REGIA_SECOND, before_ns;

  regia_mix_wait_rule_init (&rule, PICTURE, 0);
  g_assert_cmpint (rule.wait_ns, ==, 200 * MS);
  /* for ten seconds nobody is trusted */
  for (guint i = 0; i < 100; i++)
    tenth (&rule, &now_ns, 8);
  g_assert_cmpint (rule.wait_ns, ==, 200 * MS);
  /* then less and less, half a picture a second */
  for (guint i = 0; i < 200; i++) {
    before_ns = rule.wait_ns;
    tenth (&rule, &now_ns, 8);
    g_assert_cmpint (before_ns - rule.wait_ns, <=, PICTURE / 2);
    g_assert_cmpint (rule.wait_ns, <=, before_ns);
  }
  /* its lateness, a picture, and a little */
  g_assert_cmpint (rule.wait_ns, ==, (8 + 40 + 5) * MS);
  g_assert_cmpstr (regia_mix_wait_rule_why (&rule)->source, ==, "camera");
  g_assert_cmpint (regia_mix_wait_rule_why (&rule)->late_ns, ==, 8 * MS);
}

static void
test_late (void)
{
  RegiaMixWaitRule rule;
  gint64 now_ns = 70 * REGIA_SECOND;

  regia_mix_wait_rule_init (&rule, PICTURE, 0);
  settle (&rule, &now_ns, 8);
  /* one that is late is waited for at once … */
  g_assert_true (regia_mix_wait_rule_note (&rule, "street", REGIA_MIX_WAIT_PICTURE, 90 * MS, now_ns));
  g_assert_cmpint (rule.wait_ns, ==, (90 + 40 + 5) * MS);
  g_assert_false (regia_mix_wait_rule_note (&rule, "street", REGIA_MIX_WAIT_PICTURE, 80 * MS, now_ns));
  /* … and for nine seconds at least */
  for (guint i = 0; i < 90; i++)
    tenth (&rule, &now_ns, 8);
  g_assert_cmpint (rule.wait_ns, ==, (90 + 40 + 5) * MS);
  g_assert_cmpstr (regia_mix_wait_rule_why (&rule)->source, ==, "street");
  settle (&rule, &now_ns, 8);
  g_assert_cmpint (rule.wait_ns, ==, (8 + 40 + 5) * MS);
  g_assert_cmpstr (regia_mix_wait_rule_why (&rule)->source, ==, "camera");
}

static void
test_bounds (void)
{
  RegiaMixWaitRule rule;
  gint64 now_ns = 70 * REGIA_SECOND;

  regia_mix_wait_rule_init (&rule, PICTURE, 0);
  /* without anybody, one picture */
  settle (&rule, &now_ns, -1);
  g_assert_cmpint (rule.wait_ns, ==, PICTURE);
  g_assert_cmpstr (regia_mix_wait_rule_why (&rule)->source, ==, "");
  /* who comes before its time is not waited for either */
  g_assert_false (regia_mix_wait_rule_note (&rule, "file", REGIA_MIX_WAIT_PICTURE, -300 * MS, now_ns));
  /* what is later than is ever waited for changes nothing */
  g_assert_false (regia_mix_wait_rule_note (&rule, "street", REGIA_MIX_WAIT_PICTURE, 201 * MS, now_ns));
  g_assert_cmpint (rule.wait_ns, ==, PICTURE);
  /* and nobody is waited for longer */
  g_assert_true (regia_mix_wait_rule_note (&rule, "street", REGIA_MIX_WAIT_PICTURE, 199 * MS, now_ns));
  g_assert_cmpint (rule.wait_ns, ==, 200 * MS);
  /* sound needs a block of the mix, and as much again */
  settle (&rule, &now_ns, -1);
  g_assert_true (regia_mix_wait_rule_note (&rule, "desk", REGIA_MIX_WAIT_SOUND, 30 * MS, now_ns));
  g_assert_cmpint (rule.wait_ns, ==, (30 + 40 + 5) * MS);
  g_assert_cmpint (regia_mix_wait_rule_why (&rule)->kind, ==, REGIA_MIX_WAIT_SOUND);
  /* time that stands, or leaps by years, is no fault */
  g_assert_false (regia_mix_wait_rule_step (&rule, now_ns));
  g_assert_true (regia_mix_wait_rule_step (&rule, now_ns + G_GINT64_CONSTANT (100000000) * REGIA_SECOND));
}

/* Few pictures a second: one of them is longer than what is ever waited for. */
static void
test_slow (void)
{
  RegiaMixWaitRule rule;
  gint64 now_ns = 70 * REGIA_SECOND;

  regia_mix_wait_rule_init (&rule, 250 * MS, 0);
  settle (&rule, &now_ns, 8);
  g_assert_cmpint (rule.wait_ns, ==, 200 * MS);
}

static void
test_fixed (void)
{
  RegiaMixWaitRule rule;
  gint64 now_ns = 70 * REGIA_SECOND;

  regia_mix_wait_rule_init (&rule, PICTURE, 300);
  settle (&rule, &now_ns, 8);
  g_assert_cmpint (rule.wait_ns, ==, 300 * MS);
  g_assert_false (regia_mix_wait_rule_note (&rule, "street", REGIA_MIX_WAIT_PICTURE, 299 * MS, now_ns));
  g_assert_cmpint (rule.wait_ns, ==, 300 * MS);
}

/* A network that holds up one picture a second, and what follows it; as long as somebody says so. */
static int jitter_ms; /* atomic */

typedef GstBaseTransform Jitter;
typedef GstBaseTransformClass JitterClass;
static GType jitter_get_type (void);
G_DEFINE_TYPE (Jitter, jitter, GST_TYPE_BASE_TRANSFORM)

static GstFlowReturn
jitter_transform (GstBaseTransform *self, GstBuffer *buffer)
{
  if (GST_BUFFER_PTS (buffer) % GST_SECOND < 40 * GST_MSECOND)
    g_usleep ((gulong)g_atomic_int_get (&jitter_ms) * 1000);
  return GST_FLOW_OK;
}

static void
jitter_class_init (JitterClass *class)
{
  static GstStaticPadTemplate sink =
      GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
  static GstStaticPadTemplate src =
      GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (class), &sink);
  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (class), &src);
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (class), "jitter", "Test", "holds up", "test");
  class->transform_ip = jitter_transform;
  class->transform_ip_on_passthrough = TRUE;
}

static void
jitter_init (Jitter *self)
{
  gst_base_transform_set_passthrough (self, TRUE);
}

static guint64
get_wait_ms (Fixture *self, char **ret_why)
{
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_engine_get_state (self->engine));
  guint64 wait_ms = 0;

  g_assert_true (g_variant_lookup (state, "mix-wait-ms", "t", &wait_ms));
  g_assert_true (g_variant_lookup (state, "mix-wait-why", "s", ret_why));
  return wait_ms;
}

/* Not longer than for who came last, but for a step: how late that was is the machine's affair. */
static gboolean
is_settled (gpointer data)
{
  g_autofree char *why = NULL;
  guint64 wait_ms = get_wait_ms (data, &why);
  const char *late = strstr (why, " up to ");

  return late && wait_ms <= g_ascii_strtoull (late + strlen (" up to "), NULL, 10) + 40 + 5 + 20 + 1;
}

static gboolean
is_long (gpointer data)
{
  g_autofree char *why = NULL;

  return get_wait_ms (data, &why) >= 150;
}

static void
test_programme (void)
{
  Fixture self;
  g_autofree char *path = write_pipeline (
      "videotestsrc", "",
      "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=640,height=360,framerate=25/1 "
      "! regiamark ! regiatestjitter name=video audiotestsrc is-live=true samplesperbuffer=960 name=audio");
  g_autofree char *source = g_strdup_printf ("[source camera]\npipeline=%s\n", path);
  g_autofree char *config = with_source (source), *why = NULL;
  g_autoptr (GPtrArray) packets = NULL, aac = NULL;
  guint64 wait_ms;

  g_assert_true (gst_element_register (NULL, "regiatestjitter", GST_RANK_NONE, jitter_get_type ()));
  fixture_start (&self, config);
  g_assert_true (wait_for (&self, is_live, &self, 20));
  wait_ms = get_wait_ms (&self, &why);
  g_test_message ("at first %" G_GUINT64_FORMAT " ms: %s", wait_ms, why);
  g_assert_true (wait_for (&self, is_settled, &self, 90));
  run_for (&self, 3);
  g_clear_pointer (&why, g_free);
  wait_ms = get_wait_ms (&self, &why);
  g_test_message ("calm: %" G_GUINT64_FORMAT " ms: %s", wait_ms, why);
  g_atomic_int_set (&jitter_ms, 130);
  g_assert_true (wait_for (&self, is_long, &self, 20));
  g_clear_pointer (&why, g_free);
  wait_ms = get_wait_ms (&self, &why);
  g_test_message ("jitter: %" G_GUINT64_FORMAT " ms: %s", wait_ms, why);
  run_for (&self, 3);
  g_atomic_int_set (&jitter_ms, 0);
  g_assert_true (wait_for (&self, is_settled, &self, 90));
  fixture_stop (&self);
  packets = packets_of (&self, "video/360p");
  aac = packets_of (&self, "audio/it");
  g_test_message ("%u pictures", packets->len);
  /* each picture of the programme once, whatever was waited, and each sample of its sound */
  check_video (packets, 50, TRUE);
  check_audio (aac, 1024, 50);
  {
    g_auto (Picture) picture = decode_picture (&self, "video/360p", packets);
    gint64 first = -1, last = -1;
    guint twice = 0, left_out = 0;

    for (guint i = 0; i < picture.frames->len; i++) {
      gint64 frame = g_array_index (picture.frames, gint64, i);

      if (frame < 0)
        continue;
      twice += frame == last;
      left_out += last >= 0 && frame > last ? (guint)(frame - last - 1) : 0;
      first = first < 0 ? frame : first;
      last = frame;
    }
    g_test_message ("of %" G_GINT64_FORMAT " of the source's pictures %u were left out, %u shown twice",
                    last - first + 1, left_out, twice);
  }
  fixture_clear (&self);
  remove_pipeline (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_true (regia_engine_check_source ("test", NULL, NULL)); /* makes the marks' elements known */
  g_test_add_func ("/engine/mix-wait/calm", test_calm);
  g_test_add_func ("/engine/mix-wait/late", test_late);
  g_test_add_func ("/engine/mix-wait/bounds", test_bounds);
  g_test_add_func ("/engine/mix-wait/slow", test_slow);
  g_test_add_func ("/engine/mix-wait/fixed", test_fixed);
  g_test_add_func ("/engine/mix-wait/programme", test_programme);
  return g_test_run ();
}
