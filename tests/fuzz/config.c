/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "regia/base/error.h"
#include "regia/config/config.h"
#include "regia/config/part.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* What everybody who is given an event relies upon without asking. */
static void
assert_sound (const RegiaConfigValues *values)
{
  g_assert_cmpuint (strlen (values->name), >, 0);
  g_assert_true (g_utf8_validate (values->name, -1, NULL));
  g_assert_cmpuint (strspn (values->id, "abcdefghijklmnopqrstuvwxyz0123456789-"), ==, strlen (values->id));
  g_assert_cmpuint (strlen (values->id), >, 0);
  g_assert_nonnull (values->place);
  g_assert_nonnull (values->timezone);
  g_assert_nonnull (values->languages[0]);
  g_assert_nonnull (values->hosts);
  g_assert_true (values->width >= 64 && values->width <= 3840 && values->width % 2 == 0);
  g_assert_true (values->height >= 64 && values->height <= 2160 && values->height % 2 == 0);
  g_assert_true (values->rate_den > 0 && values->rate_num >= 5 * values->rate_den);
  g_assert_true (values->start_s == 0 || values->end_s == 0 || values->end_s > values->start_s);
  g_assert_cmpuint (values->sources->len, >, 0);
  g_assert_cmpuint (values->renditions->len, >, 0);
  g_assert_cmpuint (values->audios->len, >, 0);
  g_assert_true (values->segment_ms >= 1000 && values->window_segments >= 3 && values->threads >= 1);
  for (guint i = 0; i < values->renditions->len; i++) {
    const RegiaConfigRendition *rendition = g_ptr_array_index (values->renditions, i);

    g_assert_true (rendition->width <= values->width && rendition->height <= values->height);
    g_assert_true (rendition->width % 2 == 0 && rendition->height % 2 == 0);
    g_assert_true (rendition->bitrate_kbps >= 100 && rendition->encoder != NULL && rendition->preset != NULL);
  }
  for (guint i = 0; i < values->audios->len; i++) {
    const RegiaConfigAudio *audio = g_ptr_array_index (values->audios, i);

    g_assert_true (audio->language != NULL && audio->title != NULL && audio->sources != NULL);
    g_assert_true (audio->bitrate_kbps >= 32 && audio->opus_bitrate_kbps >= 16);
  }
  for (guint i = 0; i < values->relays->len; i++) {
    const RegiaConfigRelay *relay = g_ptr_array_index (values->relays, i);

    g_assert_true (g_str_has_prefix (relay->url, "rtmp://") || g_str_has_prefix (relay->url, "rtmps://") ||
                   g_str_has_prefix (relay->url, "srt://"));
    g_assert_null (strpbrk (relay->url, "\r\n \"'@"));
    g_assert_true (relay->rendition != NULL && relay->language != NULL);
    g_assert_true (relay->key_file == NULL || g_path_is_absolute (relay->key_file));
  }
}

/* The text of it all means the same, wherever it lies. */
static void
assert_text_is_whole (RegiaConfig *config)
{
  static const char *const kinds[] = {"engine", "recorder", "gateway"};
  g_autofree char *text = regia_config_to_text (config);
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) again =
      regia_config_parse (text, strlen (text), "copy.conf", "/elsewhere", FALSE, &error);
  g_autofree char *text_again = NULL;

  g_assert_no_error (error);
  text_again = regia_config_to_text (again);
  g_assert_cmpstr (text_again, ==, text);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autoptr (GVariant) part = g_variant_ref_sink (regia_config_part (config, kinds[i], "", NULL));
    g_autoptr (GVariant) same = g_variant_ref_sink (regia_config_part (again, kinds[i], "", NULL));
    g_autoptr (RegiaConfig) read = regia_config_new_from_part (part, &error);

    g_assert_no_error (error);
    g_assert_true (g_variant_equal (part, same));
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config =
      regia_config_parse ((const char *)data, size, "event.conf", "/srv", FALSE, &error);

  g_assert_true ((config == NULL) == (error != NULL));
  if (config != NULL) {
    assert_sound (regia_config_get (config));
    assert_text_is_whole (config);
  } else {
    g_assert_true (g_error_matches (error, REGIA_ERROR, REGIA_ERROR_CONFIG));
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
    /* a text that was put together says itself where it is from */
    g_assert_true (g_str_has_prefix (error->message, "event.conf:") ||
                   memmem (data, size, "# from ", 7) != NULL);
  }
  return 0;
}
