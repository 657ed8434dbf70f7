/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One sender's conversation as values: what it says in, what it is answered and what is passed on out. */
#include "../../src/listener/publisher-private.h"

#include "regia/base/error.h"
#include "rtmp.h"

#define APPLICATION "live"
#define KEY         "ponente-e-levante"

typedef struct {
  RegiaPublisher *publisher;
  GByteArray *said;  /* what it has said so far */
  GString *media;    /* TYPE@TIME:SIZE:FIRST BYTE, … */
  char *asked;       /* APPLICATION KEY */
  guint times_asked; /* how often */
  gboolean changed;  /* what it says was: what comes out need not be what went in */
} Fixture;

static gboolean
may_publish_cb (const char *application, const char *key, char **ret_why, gpointer data)
{
  Fixture *f = data;

  g_free (f->asked);
  f->asked = g_strconcat (application, " ", key, NULL);
  f->times_asked++;
  if (g_str_equal (f->asked, APPLICATION " " KEY))
    return TRUE;
  *ret_why = g_strdup ("wrong");
  return FALSE;
}

static void
media_cb (guint8 type, guint32 time_ms, const guint8 *data, gsize size, gpointer user_data)
{
  Fixture *f = user_data;

  for (gsize i = 1; i < size && !f->changed; i++)
    g_assert_cmpuint (data[i], ==, (guint8)i);
  g_string_append_printf (f->media, "%u@%u:%" G_GSIZE_FORMAT ":%02x ", type, time_ms, size, data[0]);
}

static const RegiaPublisherCallbacks callbacks = {.may_publish = may_publish_cb, .media = media_cb};

static void
fixture_init (Fixture *f)
{
  *f = (Fixture){.said = g_byte_array_new (), .media = g_string_new (NULL)};
  f->publisher = regia_publisher_new (&callbacks, f);
}

static void
fixture_clear (Fixture *f)
{
  regia_publisher_free (f->publisher);
  g_byte_array_unref (f->said);
  g_string_free (f->media, TRUE);
  g_free (f->asked);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* A body whose bytes are known, of which the first is @first. */
static void
add_media (Fixture *f, guint8 type, guint8 first, gsize size)
{
  g_autofree guint8 *body = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    body[i] = i == 0 ? first : (guint8)i;
  regia_chunks_add (f->said, 4, type, 1, body, size);
}

/* All of it, @step bytes at a time. */
static gboolean
take (Fixture *f, gsize step, GError **error)
{
  for (gsize at = 0; at < f->said->len; at += step)
    if (!regia_publisher_take (f->publisher, f->said->data + at, MIN (step, f->said->len - at), error))
      return FALSE;
  return TRUE;
}

static gboolean
is_answered (Fixture *f, const char *text)
{
  GByteArray *answer = regia_publisher_get_answer (f->publisher);

  return answer->len > 0 && memmem (answer->data, answer->len, text, strlen (text)) != NULL;
}

/* In one piece and byte by byte, with messages of one chunk and of many. */
static void
test_is_let_in (void)
{
  static const gsize steps[] = {1, 7, 1537, 100000};

  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_auto (Fixture) f = {0};
    g_autoptr (GError) error = NULL;
    GByteArray *answer;

    fixture_init (&f);
    rtmp_add_entry (f.said, APPLICATION "/?from=hall", KEY);
    add_media (&f, REGIA_RTMP_VIDEO, 0x17, 5);
    add_media (&f, REGIA_RTMP_AUDIO, 0xaf, 128);
    add_media (&f, REGIA_RTMP_VIDEO, 0x27, 70000);
    g_assert_true (take (&f, steps[i], &error));
    g_assert_no_error (error);
    g_assert_true (regia_publisher_is_in (f.publisher));
    g_assert_cmpstr (f.asked, ==, APPLICATION " " KEY);
    g_assert_cmpstr (f.media->str, ==, "9@0:5:17 8@0:128:af 9@0:70000:27 ");
    answer = regia_publisher_get_answer (f.publisher);
    g_assert_cmpuint (answer->data[0], ==, 3);
    g_assert_cmpmem (answer->data + 1 + 1536, 1536, f.said->data + 1, 1536); /* S2 is C1 */
    g_assert_true (is_answered (&f, "NetConnection.Connect.Success"));
    g_assert_true (is_answered (&f, "NetStream.Publish.Start"));
  }
}

/* The key is looked at before a byte goes further; what comes with it in one piece goes nowhere. */
static void
test_wrong_key (void)
{
  static const char *const wrong[][2] = {
      {APPLICATION, "ponente-e-levant"}, {"other", KEY}, {APPLICATION, ""}};

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_auto (Fixture) f = {0};
    g_autoptr (GError) error = NULL;

    fixture_init (&f);
    rtmp_add_entry (f.said, wrong[i][0], wrong[i][1]);
    add_media (&f, REGIA_RTMP_VIDEO, 0x17, 5);
    g_assert_false (take (&f, f.said->len, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_STATE);
    g_assert_false (regia_publisher_is_in (f.publisher));
    g_assert_cmpstr (f.media->str, ==, "");
    g_assert_cmpuint (f.times_asked, ==, 1);
    g_assert_true (is_answered (&f, "NetStream.Publish.BadName"));
  }
}

typedef enum {
  TLS,
  HTTP,
  EARLY,
  BEFORE,
  TWICE,
  WATCH,
  NO_COMMAND,
  MUCH,
  LARGE,
  STREAMS,
  HUGE_CHUNK,
  HEVC
} Fault;
static const struct {
  const char *name, *words;
} faults[] = {
    [TLS] = {"tls", "rtmp://"},
    [HTTP] = {"http", "does not speak RTMP"},
    [EARLY] = {"early", "before it was let in"},
    [BEFORE] = {"before", "before it has connected"},
    [TWICE] = {"twice", "publishes twice"},
    [WATCH] = {"watch", "only send"},
    [NO_COMMAND] = {"no-command", "a command that is none"},
    [MUCH] = {"much", "says nothing"},
    [LARGE] = {"large", "too large"},
    [STREAMS] = {"streams", "chunk streams"},
    [HUGE_CHUNK] = {"huge-chunk", "impossible size"},
    [HEVC] = {"hevc", "H.264"},
};

static void
add_fault (Fixture *f, Fault fault)
{
  static const guint8 hello[] = {0x16, 3, 1}, huge[] = {0x7f, 0xff, 0xff, 0xff};

  if (fault == TLS || fault == HTTP) {
    g_byte_array_append (f->said, fault == TLS ? hello : (const guint8 *)"GET / HTTP/1.1\r\n", 3);
    return;
  }
  rtmp_add_handshake (f->said);
  if (fault != BEFORE)
    rtmp_add_connect (f->said, APPLICATION);
  if (fault == TWICE || fault == HEVC || fault == BEFORE)
    rtmp_add_publish (f->said, KEY);
  if (fault == TWICE)
    rtmp_add_publish (f->said, KEY);
  if (fault == EARLY)
    add_media (f, REGIA_RTMP_AUDIO, 0xaf, 10);
  if (fault == WATCH)
    rtmp_add_command (f->said, rtmp_command ("play", 4));
  if (fault == NO_COMMAND)
    regia_chunks_add (f->said, 3, REGIA_RTMP_COMMAND, 0, (const guint8 *)"connect", 7);
  for (guint i = 0; fault == MUCH && i < 3000; i++)
    rtmp_add_command (f->said, rtmp_command ("_checkbw", 0));
  if (fault == LARGE)
    add_media (f, 18, 0, 9000);
  for (guint8 i = 0; fault == STREAMS && i < 17; i++)
    regia_chunks_add (f->said, 10 + i, 18, 0, hello, sizeof hello);
  if (fault == HUGE_CHUNK)
    regia_chunks_add (f->said, 2, REGIA_RTMP_CHUNK_SIZE, 0, huge, sizeof huge);
  if (fault == HEVC)
    add_media (f, REGIA_RTMP_VIDEO, 0x90, 40);
}

static void
test_fault (gconstpointer data)
{
  Fault fault = (Fault)GPOINTER_TO_UINT (data);
  g_auto (Fixture) f = {0};
  g_autoptr (GError) error = NULL;

  fixture_init (&f);
  add_fault (&f, fault);
  g_assert_false (take (&f, f.said->len, &error));
  g_assert_error (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL);
  g_assert_nonnull (strstr (error->message, faults[fault].words));
  g_assert_cmpstr (f.media->str, ==, "");
}

/* Headers that leave things out, times beyond 4.6 h, messages that are interleaved, larger chunks. */
static void
test_chunks (void)
{
  static const guint8 size[] = {0, 0, 0, 200};
  /* Sound on chunk stream 64, whose number takes two bytes: at once 0xfffffe ms, then with times of four
   * bytes; as long as all of type 3 repeat them. */
  static const guint8 first[] = {0x00, 0, 0xff, 0xff, 0xfe, 0, 0, 2, 8, 1, 0, 0, 0, 0xaf, 1};
  static const guint8 late[] = {0x00, 0, 0xff, 0xff, 0xff, 0, 0, 201, 8, 1, 0, 0, 0, 1, 0, 0, 5, 0xaf};
  static const guint8 between[] = {0x04, 0, 0, 7, 0, 0, 2, 9, 1, 0, 0, 0, 0x27, 1};
  static const guint8 rest[] = {0xc0, 0, 1, 0, 0, 5, 200};
  static const guint8 delta[] = {0x84, 0, 0, 40, 0x27, 1};
  static const guint8 same[] = {0xc4, 0x27, 1};
  g_auto (Fixture) f = {0};
  g_autoptr (GError) error = NULL;

  fixture_init (&f);
  rtmp_add_entry (f.said, APPLICATION, KEY);
  regia_chunks_add (f.said, 2, REGIA_RTMP_CHUNK_SIZE, 0, size, sizeof size);
  g_byte_array_append (f.said, first, sizeof first);
  g_byte_array_append (f.said, late, sizeof late);
  for (guint8 i = 1; i < 200; i++)
    g_byte_array_append (f.said, &i, 1);
  g_byte_array_append (f.said, between, sizeof between);
  g_byte_array_append (f.said, rest, sizeof rest);
  g_byte_array_append (f.said, delta, sizeof delta);
  g_byte_array_append (f.said, same, sizeof same);
  g_assert_true (take (&f, 3, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (f.media->str, ==, "8@16777214:2:af 9@7:2:27 8@16777221:201:af 9@47:2:27 9@87:2:27 ");
}

/* What is begun on all streams at once is bounded, and an abort makes room again. */
static void
test_unfinished (void)
{
  static const guint8 begun[] = {0x04, 0, 0, 0, 0, 0, 200, 9, 1, 0, 0, 0}, which[] = {0, 0, 0, 4};
  g_auto (Fixture) f = {0};
  g_autoptr (GError) error = NULL;
  guint8 part[128] = {0x27};

  fixture_init (&f);
  rtmp_add_entry (f.said, APPLICATION, KEY);
  g_byte_array_append (f.said, begun, sizeof begun);
  g_byte_array_append (f.said, part, sizeof part);
  regia_chunks_add (f.said, 2, REGIA_RTMP_ABORT, 0, which, sizeof which);
  add_media (&f, REGIA_RTMP_VIDEO, 0x17, 3);
  g_assert_true (take (&f, 1000, &error));
  g_assert_cmpstr (f.media->str, ==, "9@0:3:17 ");
}

static void
test_says_good_bye (void)
{
  g_auto (Fixture) f = {0};
  g_autoptr (GError) error = NULL;

  fixture_init (&f);
  rtmp_add_entry (f.said, APPLICATION, KEY);
  rtmp_add_command (f.said, rtmp_command ("deleteStream", 5));
  add_media (&f, REGIA_RTMP_VIDEO, 0x17, 3);
  g_assert_false (take (&f, f.said->len, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (f.media->str, ==, "");
}

/* Some senders stop when they are not told. */
static void
test_acknowledges (void)
{
  static const guint8 window[] = {0, 0, 16, 0};
  g_auto (Fixture) f = {0};
  g_autoptr (GError) error = NULL;
  GByteArray *answer;
  guint n = 0;

  fixture_init (&f);
  rtmp_add_entry (f.said, APPLICATION, KEY);
  regia_chunks_add (f.said, 2, REGIA_RTMP_WINDOW, 0, window, sizeof window);
  g_assert_true (take (&f, f.said->len, &error));
  answer = regia_publisher_get_answer (f.publisher);
  g_byte_array_set_size (answer, 0);
  g_byte_array_set_size (f.said, 0);
  add_media (&f, REGIA_RTMP_VIDEO, 0x17, 40000);
  g_assert_true (take (&f, 1000, &error));
  for (; answer->len >= 16; g_byte_array_remove_range (answer, 0, 16), n++)
    g_assert_cmpuint (answer->data[7], ==, REGIA_RTMP_ACKNOWLEDGEMENT);
  g_assert_cmpuint (answer->len, ==, 0);
  g_assert_cmpuint (n, >=, 40000 / 4096);
}

/* Everything a stranger may send instead: nothing is read that is not there (sanitizers look), and nobody
 * comes in by chance. */
static void
test_anything (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1935);
  guint in = 0;

  for (guint round = 0; round < 3000; round++) {
    g_auto (Fixture) f = {0};
    guint faulty = 1 + (guint)g_rand_int_range (rand, 0, 6);

    fixture_init (&f);
    rtmp_add_entry (f.said, APPLICATION, round % 2 ? KEY : "libeccio-e-grecale");
    add_media (&f, REGIA_RTMP_VIDEO, 0x17, 300);
    for (guint i = 0; i < faulty; i++)
      f.said->data[g_rand_int_range (rand, 1 + 2 * 1536, (gint32)f.said->len)] =
          (guint8)g_rand_int_range (rand, 0, 256);
    f.changed = TRUE;
    (void)!take (&f, 1 + (gsize)g_rand_int_range (rand, 0, 400), NULL);
    g_assert_true (round % 2 == 1 || !regia_publisher_is_in (f.publisher));
    in += regia_publisher_is_in (f.publisher);
  }
  g_assert_cmpuint (in, >, 100); /* or it would have been looked at no further than the door */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/listener/publisher/let-in", test_is_let_in);
  g_test_add_func ("/listener/publisher/wrong-key", test_wrong_key);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    g_autofree char *path = g_strconcat ("/listener/publisher/fault/", faults[i].name, NULL);
    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_fault);
  }
  g_test_add_func ("/listener/publisher/chunks", test_chunks);
  g_test_add_func ("/listener/publisher/unfinished", test_unfinished);
  g_test_add_func ("/listener/publisher/good-bye", test_says_good_bye);
  g_test_add_func ("/listener/publisher/acknowledges", test_acknowledges);
  g_test_add_func ("/listener/publisher/anything", test_anything);
  return g_test_run ();
}
