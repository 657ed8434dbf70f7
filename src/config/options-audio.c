/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include "options-private.h"
#include "values-private.h"

/* The part of the table in options.c that is about the sound of a language. */

#define AUDIO_FIELD(member)                                                                                  \
  .offset = G_STRUCT_OFFSET (RegiaConfigAudio, member), .size = sizeof (((RegiaConfigAudio *)NULL)->member)

const RegiaOption regia_option_audio[] = {
    {.key = "title",
     .default_value = NULL,
     .read = regia_read_text,
     AUDIO_FIELD (title),
     .min = 1,
     .max = 60,
     .range = "up to 60 letters",
     .help = "name in the viewer's menu; without it the language's own name"},
    {.key = "sources",
     .default_value = NULL,
     .read = regia_read_names,
     AUDIO_FIELD (sources),
     .min = 1,
     .max = 16,
     .range = "names of sources; a list with ;",
     .help = "what is mixed into it; without it every source that gives sound"},
    {.key = "gains",
     .default_value = NULL,
     .read = regia_read_gains,
     AUDIO_FIELD (gains),
     .max = 16,
     .range = "-60dB to 20dB for each of its sources, a list with ;, as in 0dB; -18dB",
     .help = "how much louder each of them is made; without it as they come"},
    {.key = "bitrate",
     .default_value = "128k",
     .read = regia_read_bitrate,
     AUDIO_FIELD (bitrate_kbps),
     .min = 32,
     .max = 320,
     .range = "32k to 320k",
     .help = "AAC, for viewers, relays and the recording"},
    {.key = "opus_bitrate",
     .default_value = "96k",
     .read = regia_read_bitrate,
     AUDIO_FIELD (opus_bitrate_kbps),
     .min = 16,
     .max = 256,
     .range = "16k to 256k",
     .help = "Opus, for viewers with the shortest delay"},
    {.key = "off",
     .default_value = "no",
     .read = regia_read_bool,
     .range = "yes or no",
     .help =
         "leave this group out, as if it were not written; for what the hall has and this event does not"},
    {NULL},
};
