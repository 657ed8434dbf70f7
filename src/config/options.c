/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-config"

#include "options-private.h"

#include "options-look-private.h"
#include "regia/base/language.h"
#include "scene-private.h"
#include "values-private.h"

/*
 * The table of everything that an event file can say. A new key is a row here, a field in config.h and a
 * paragraph in config/example.conf; the tests fail when one of the three is forgotten.
 */

#define FIELD(type, member)   .offset = G_STRUCT_OFFSET (type, member), .size = sizeof (((type *)NULL)->member)
#define EVENT_FIELD(member)   FIELD (RegiaConfigValues, member)
#define SOURCE_FIELD(member)  FIELD (RegiaConfigSource, member)
#define SCENE_FIELD(member)   FIELD (RegiaConfigScene, member)
#define PICTURE_FIELD(member) FIELD (RegiaConfigRendition, member)
#define RELAY_FIELD(member)   FIELD (RegiaConfigRelay, member)

#define NAME_RANGE     "1 to 32 of a-z 0-9 -, not beginning with -"
#define LANGUAGE_RANGE "a language tag such as it, en, pt-BR; two letters where there are two"

/* readers of pairs write the field and its neighbour */
G_STATIC_ASSERT (G_STRUCT_OFFSET (RegiaConfigValues, height) ==
                 G_STRUCT_OFFSET (RegiaConfigValues, width) + sizeof (guint));
G_STATIC_ASSERT (G_STRUCT_OFFSET (RegiaConfigValues, rate_den) ==
                 G_STRUCT_OFFSET (RegiaConfigValues, rate_num) + sizeof (guint));
G_STATIC_ASSERT (G_STRUCT_OFFSET (RegiaConfigRendition, height) ==
                 G_STRUCT_OFFSET (RegiaConfigRendition, width) + sizeof (guint));

static const char *const x264_presets[] = {"ultrafast", "superfast", "veryfast", "faster", "fast",
                                           "medium",    "slow",      "slower",   NULL};

static const RegiaOption event_options[] = {
    {.key = "name",
     .required = TRUE,
     .read = regia_read_text,
     EVENT_FIELD (name),
     .min = 1,
     .max = 200,
     .range = "1 to 200 letters",
     .help = "what the event is called; shown to viewers and in the library"},
    {.key = "place",
     .default_value = NULL,
     .read = regia_read_text,
     EVENT_FIELD (place),
     .min = 1,
     .max = 200,
     .range = "up to 200 letters",
     .help = "where it takes place; shown to viewers"},
    {.key = "start",
     .default_value = NULL,
     .read = regia_read_time,
     EVENT_FIELD (start),
     .range = "2022-09-29 09:30, or with an offset 2022-09-29T09:30:00+02:00",
     .help = "when it begins, in the event's time zone; gives the recording its date"},
    {.key = "end",
     .default_value = NULL,
     .read = regia_read_time,
     EVENT_FIELD (end),
     .range = "as start; later than it",
     .help = "when it is meant to end; only shown, nothing stops by itself"},
    {.key = "timezone",
     .default_value = "Europe/Rome",
     .read = regia_read_timezone,
     EVENT_FIELD (timezone),
     .range = "a name of the tz database such as Europe/Rome, or UTC",
     .help = "time zone of start and end"},
    {.key = "languages",
     .default_value = NULL,
     .read = regia_read_languages,
     EVENT_FIELD (languages),
     .max = 8,
     .range = "1 to 8 language tags such as it, en, pt-BR; a list with ;",
     .help = "languages of the event, the main one first; without it those of the [audio] groups"},
    {.key = "id",
     .default_value = NULL,
     .read = regia_read_id,
     EVENT_FIELD (id),
     .range = "1 to 64 of a-z 0-9 -",
     .help = "name of the recording's folder and of its downloads; without it made from date and name"},
    {.key = "start_by_itself",
     .default_value = "no",
     .read = regia_read_bool,
     EVENT_FIELD (start_by_itself),
     .range = "yes or no; needs start and end",
     .help = "begin at its hour without anybody, where the events of a folder are waited for"},
    {.key = "hall",
     .default_value = NULL,
     .read = regia_read_path,
     .range = "a file like this one, without name, start, end, id and hall",
     .help = "what holds where this file says nothing: the hall's sources, renditions, web, …"},
    {NULL},
};

static const RegiaOption programme_options[] = {
    {.key = "size",
     .default_value = "1280x720",
     .read = regia_read_size,
     EVENT_FIELD (width),
     .range = "WIDTHxHEIGHT, even numbers, 64x64 to 3840x2160",
     .help = "picture that the sources are mixed into"},
    {.key = "rate",
     .default_value = "25",
     .read = regia_read_rate,
     EVENT_FIELD (rate_num),
     .range = "5 to 60, also as a fraction such as 30000/1001",
     .help = "pictures a second; 25 where the mains have 50 Hz"},
    {.key = "ladder",
     .default_value = NULL,
     .read = regia_read_names,
     EVENT_FIELD (ladder),
     .min = 1,
     .max = 7,
     .range = "1080p, 720p, 540p, 480p, 360p, 240p, audio, names of renditions; a list with ;",
     .help = "what viewers' browsers choose from, the largest first; without it the [rendition] groups"},
    {.key = "picture",
     .default_value = NULL,
     .read = regia_read_name,
     EVENT_FIELD (picture),
     .range = "name of a scene or source",
     .help =
         "what is shown at first; without it the first [scene], else the first source that gives a picture"},
    {.key = "slate",
     .default_value = NULL,
     .read = regia_read_picture,
     EVENT_FIELD (slate),
     .range = "a .png, .jpg or .jpeg file of at most 8192 pixels a side",
     .help = "still picture shown while no source gives one; without it name and place on dark ground"},
    {.key = "latency",
     .default_value = "auto",
     .read = regia_read_duration_or_auto,
     EVENT_FIELD (latency_ms),
     .min = 50,
     .max = 2000,
     .unit = 1,
     .range = "auto, or 50ms to 2s",
     .help = "how long the mixer waits for the slowest source; what comes later is dropped; auto: as long as "
             "the sources of the moment need, from one picture to 200ms"},
    {NULL},
};

static const char *const regia_source_fits[] = {"whole", REGIA_CONFIG_FILL, NULL};

static const RegiaOption source_options[] = {
    {.key = "pipeline",
     .required = TRUE,
     .read = regia_read_pipeline,
     SOURCE_FIELD (pipeline),
     .range = "a file of pipelines/capture without its suffix, or a path ending in .pipeline",
     .help = "how it is captured; `regia pipelines` lists them. Every other key is a parameter of that file"},
    {.key = "delay",
     .default_value = "0ms",
     .read = regia_read_duration,
     SOURCE_FIELD (delay_ms),
     .min = -500,
     .max = 2000,
     .unit = 1,
     .range = "-500ms to 2s",
     .help = "shifts it in time, to bring lips and voice together"},
    {.key = "audio",
     .default_value = "yes",
     .read = regia_read_bool,
     SOURCE_FIELD (audio),
     .range = "yes or no",
     .help = "take its sound"},
    {.key = "heard_in",
     .default_value = NULL,
     .read = regia_read_languages,
     SOURCE_FIELD (heard_in),
     .max = 8,
     .range = "languages of [audio] groups; a list with ;",
     .help = "mixes that it is heard in besides those that name it; without it those that name no sources"},
    {.key = "channels",
     .default_value = NULL,
     .read = regia_read_channels,
     SOURCE_FIELD (channels),
     .min = 1,
     .max = 64,
     .range = "one or two numbers from 1 to 64: 5, or 3; 4",
     .help = "which of a desk's channels are taken: two for left and right, one for both sides; without it "
             "the first two, or the mix of a film's (5.1)"},
    {.key = "video",
     .default_value = "yes",
     .read = regia_read_bool,
     SOURCE_FIELD (video),
     .range = "yes or no",
     .help = "take its picture"},
    {.key = "crop",
     .default_value = NULL,
     .read = regia_read_crop,
     SOURCE_FIELD (crop),
     .max = 45,
     .range = "four whole numbers of percent, left; top; right; bottom, each from 0 to 45: 10; 0; 10; 20",
     .help = "what of its picture is left away; without it nothing"},
    {.key = "fit",
     .default_value = "whole",
     .read = regia_read_choice,
     SOURCE_FIELD (fit),
     .choices = regia_source_fits,
     .range = "whole or fill",
     .help =
         "a picture of another shape than the programme's: whole has bars beside it, fill loses its edges"},
    {.key = "iso",
     .default_value = "no",
     .read = regia_read_bool,
     SOURCE_FIELD (iso),
     .range = "yes or no",
     .help = "its own picture and sound are in the feed besides the programme's, as iso/NAME and "
             "iso/NAME/audio: what it sends as H.264 as it is, other pictures encoded once more"},
    {.key = "no_alarms",
     .default_value = NULL,
     .read = regia_read_source_alarms,
     SOURCE_FIELD (no_alarms),
     .max = 8,
     .range = "silence, clipping, channels, black, frozen, drift, apart, all; a list with ;",
     .help = "what is no alarm of this source: a booth may be silent, a laptop's slides stand still"},
    {.key = "off",
     .default_value = "no",
     .read = regia_read_bool,
     .range = "yes or no",
     .help =
         "leave this group out, as if it were not written; for what the hall has and this event does not"},
    {NULL},
};

static const RegiaOption scene_options[] = {
    {.key = "layout",
     .default_value = "full",
     .read = regia_read_choice,
     SCENE_FIELD (layout),
     .choices = regia_scene_layouts,
     .range = "full, picture-in-picture, side-by-side, slides-with-speaker, free",
     .help = "how its sources share the picture"},
    {.key = "sources",
     .required = TRUE,
     .read = regia_read_names,
     SCENE_FIELD (sources),
     .max = 16,
     .range = "names of sources; a list with ;",
     .help = "what is in it, in the order of the layout: large before small, slides before speaker, left "
             "before right"},
    {.key = "corner",
     .default_value = "bottom-right",
     .read = regia_read_choice,
     SCENE_FIELD (corner),
     .choices = regia_scene_corners,
     .range = "top-left, top-right, bottom-left, bottom-right",
     .help = "picture-in-picture: where the small one is"},
    {.key = "small",
     .default_value = "25",
     .read = regia_read_count,
     SCENE_FIELD (small_percent),
     .min = 10,
     .max = 50,
     .range = "10 to 50",
     .help = "picture-in-picture: how large the small one is, percent of width and height"},
    {.key = "areas",
     .default_value = NULL,
     .read = regia_read_areas,
     SCENE_FIELD (areas),
     .max = 16,
     .range = "X Y WIDTH HEIGHT in percent for each source, a list with ;, as in 0 0 50 100; 50 25 50 50",
     .help = "free: where each source is; a later one lies over an earlier one"},
    {.key = "fade",
     .default_value = "0ms",
     .read = regia_read_duration,
     SCENE_FIELD (fade_ms),
     .max = 5000,
     .unit = 1,
     .range = "0ms to 5s",
     .help = "how long it takes to come; 0ms is a cut"},
    {.key = "backup",
     .default_value = NULL,
     .read = regia_read_name,
     SCENE_FIELD (backup),
     .range = "name of a scene, source or slate",
     .help = "shown in its place as long as one of its sources gives no picture"},
    {.key = "backup_when",
     .default_value = "lost",
     .read = regia_read_backup_when,
     SCENE_FIELD (backup_when),
     .range = "lost, black, frozen; a list with ;",
     .help = "what has to be wrong with a source's picture"},
    {.key = "backup_after",
     .default_value = "3s",
     .read = regia_read_duration,
     SCENE_FIELD (backup_after_ms),
     .min = 500,
     .max = 600000,
     .unit = 1,
     .range = "500ms to 10min",
     .help = "for how long"},
    {.key = "backup_until",
     .default_value = "5s",
     .read = regia_read_duration,
     SCENE_FIELD (backup_until_ms),
     .min = 500,
     .max = 600000,
     .unit = 1,
     .range = "500ms to 10min",
     .help = "how long all is well again before it is given back"},
    {.key = "off",
     .default_value = "no",
     .read = regia_read_bool,
     .range = "yes or no",
     .help =
         "leave this group out, as if it were not written; for what the hall has and this event does not"},
    {NULL},
};

static const RegiaOption rendition_options[] = {
    {.key = "size",
     .read = regia_read_size,
     PICTURE_FIELD (width),
     .range = "WIDTHxHEIGHT, even numbers, 64x64 to the programme's size",
     .help = "picture size of this rendition; must be given, but for one called 1080p, 720p, 540p, 480p, "
             "360p or 240p"},
    {.key = "bitrate",
     .read = regia_read_bitrate,
     PICTURE_FIELD (bitrate_kbps),
     .min = 100,
     .max = 50000,
     .range = "100k to 50M",
     .help = "bits a second that each of its viewers takes; must be given but for those: 5M, 2500k, 1600k, "
             "1100k, 600k, 300k, "
             "half as much again above 30 pictures a second"},
    {.key = "encoder",
     .default_value = "x264",
     .read = regia_read_pipeline,
     PICTURE_FIELD (encoder),
     .range = "a file of pipelines/encode without its suffix, a path ending in .pipeline, or auto",
     .help =
         "how it is encoded; auto: the first of vah264, qsvh264, nvh264, vaapih264, v4l2h264, x264, openh264 "
         "that encodes a second for real"},
    {.key = "preset",
     .default_value = "veryfast",
     .read = regia_read_choice,
     PICTURE_FIELD (preset),
     .choices = x264_presets,
     .range = "ultrafast, superfast, veryfast, faster, fast, medium, slow, slower",
     .help = "of x264: slower is better looking and costs more of the processor"},
    {.key = "off",
     .default_value = "no",
     .read = regia_read_bool,
     .range = "yes or no",
     .help =
         "leave this group out, as if it were not written; for what the hall has and this event does not"},
    {NULL},
};

static const RegiaOption relay_options[] = {
    {.key = "url",
     .required = TRUE,
     .read = regia_read_relay_url,
     RELAY_FIELD (url),
     .range = "rtmp://, rtmps:// or srt://HOST:PORT, without user, password and key",
     .help = "where it goes"},
    {.key = "key_file",
     .default_value = NULL,
     .read = regia_read_path,
     RELAY_FIELD (key_file),
     .range = "a file that only its owner can read (chmod 600)",
     .help = "its first line is the stream key (RTMP) or the passphrase (SRT); never shown"},
    {.key = "rendition",
     .default_value = NULL,
     .read = regia_read_name,
     RELAY_FIELD (rendition),
     .range = "name of a rendition",
     .help = "which one it gets; without it the first"},
    {.key = "language",
     .default_value = NULL,
     .read = regia_read_language,
     RELAY_FIELD (language),
     .range = "language of an [audio] group",
     .help = "which sound it gets; without it the first"},
    {.key = "latency",
     .default_value = "400ms",
     .read = regia_read_duration,
     RELAY_FIELD (latency_ms),
     .min = 20,
     .max = 8000,
     .unit = 1,
     .range = "20ms to 8s",
     .help = "SRT: how long lost packets may be sent again; about four times the round trip"},
    {.key = "stream_id",
     .default_value = NULL,
     .read = regia_read_text,
     RELAY_FIELD (stream_id),
     .min = 1,
     .max = 512,
     .range = "up to 512 letters",
     .help = "SRT: what the far end knows the stream by"},
    {.key = "off",
     .default_value = "no",
     .read = regia_read_bool,
     .range = "yes or no",
     .help =
         "leave this group out, as if it were not written; for what the hall has and this event does not"},
    {NULL},
};

static const RegiaOption record_options[] = {
    {.key = "enabled",
     .default_value = "yes",
     .read = regia_read_bool,
     EVENT_FIELD (record),
     .range = "yes or no",
     .help = "record the event"},
    {.key = "folder",
     .default_value = NULL,
     .read = regia_read_path,
     EVENT_FIELD (folder),
     .range = "a path",
     .help = "where recordings go; without it `recordings` in the state folder"},
    {.key = "reserve",
     .default_value = "500M",
     .read = regia_read_bytes,
     EVENT_FIELD (reserve_bytes),
     .min = 10000000,
     .max = G_GINT64_CONSTANT (1000000000000),
     .range = "10M to 1T",
     .help = "disk space that is left free: recording pauses below it, the live stream goes on"},
    {.key = "warn",
     .default_value = "30min",
     .read = regia_read_duration,
     EVENT_FIELD (warn_minutes),
     .min = 1,
     .max = 1440,
     .unit = 60000,
     .range = "1min to 24h",
     .help = "warn when there is space for less than this"},
    {NULL},
};

static const RegiaOption feed_options[] = {
    {.key = "memory",
     .default_value = "60s",
     .read = regia_read_duration,
     EVENT_FIELD (feed_seconds),
     .min = 10,
     .max = 600,
     .unit = 1000,
     .range = "10s to 10min",
     .help = "how much of the encoded stream is kept in memory: what a restarted recorder can still get"},
    {.key = "limit",
     .default_value = "256M",
     .read = regia_read_mbytes,
     EVENT_FIELD (feed_mbytes),
     .min = 16,
     .max = 4096,
     .range = "16M to 4096M",
     .help = "the most memory that may take"},
    {NULL},
};

static const RegiaOption web_options[] = {
    {.key = "listen",
     .default_value = "127.0.0.1:8080",
     .read = regia_read_listen,
     EVENT_FIELD (listen),
     .range = "ADDRESS:PORT; 0.0.0.0 or [::] for all networks",
     .help = "where viewers connect to"},
    {.key = "certificate",
     .default_value = NULL,
     .read = regia_read_path,
     EVENT_FIELD (certificate),
     .range = "a file in PEM form: the server's certificate, then its chain; needs key",
     .help = "viewers come by https; a new one on disk is taken up by itself. Without it they come by http"},
    {.key = "key",
     .default_value = NULL,
     .read = regia_read_path,
     EVENT_FIELD (certificate_key),
     .range = "a file in PEM form, without a passphrase, that not everybody can read (chmod 600)",
     .help = "the certificate's private key; never shown"},
    {.key = "redirect_listen",
     .default_value = NULL,
     .read = regia_read_listen,
     EVENT_FIELD (redirect_listen),
     .range = "ADDRESS:PORT, another one than listen; needs certificate",
     .help = "who comes here by http is sent on to https"},
    {.key = "hosts",
     .default_value = NULL,
     .read = regia_read_hosts,
     EVENT_FIELD (hosts),
     .max = 32,
     .range = "host names, a list with ; or * for any",
     .help = "names under which viewers come, besides localhost and the listen address; others are refused"},
    {.key = "trusted_proxies",
     .default_value = NULL,
     .read = regia_read_networks,
     EVENT_FIELD (trusted_proxies),
     .max = 32,
     .range = "addresses or networks (127.0.0.1; 192.0.2.0/24), a list with ;",
     .help = "web servers in front of this one, whose X-Forwarded-For, -Proto and -Host are believed"},
    {.key = "segment",
     .default_value = "2s",
     .read = regia_read_duration,
     EVENT_FIELD (segment_ms),
     .min = 1000,
     .max = 10000,
     .unit = 1,
     .range = "1s to 10s",
     .help = "length of an HLS segment and distance of keyframes; longer means later"},
    {.key = "window",
     .default_value = "6",
     .read = regia_read_count,
     EVENT_FIELD (window_segments),
     .min = 3,
     .max = 60,
     .range = "3 to 60",
     .help = "segments in the live playlist"},
    {.key = "threads",
     .default_value = "2",
     .read = regia_read_count,
     EVENT_FIELD (threads),
     .min = 1,
     .max = 32,
     .range = "1 to 32",
     .help = "threads that answer viewers"},
    {.key = "max_connections",
     .default_value = "2000",
     .read = regia_read_count,
     EVENT_FIELD (max_connections),
     .min = 10,
     .max = 50000,
     .range = "10 to 50000",
     .help = "connections at once, of everybody together"},
    {.key = "max_connections_per_address",
     .default_value = "500",
     .read = regia_read_count,
     EVENT_FIELD (max_connections_per_address),
     .min = 1,
     .max = 50000,
     .range = "1 to 50000",
     .help = "connections at once of one address; a whole school often shares one"},
    {NULL},
};

static const RegiaOption console_options[] = {
    {.key = "listen",
     .default_value = "127.0.0.1:8090",
     .read = regia_read_listen,
     EVENT_FIELD (console_listen),
     .range = "ADDRESS:PORT, another one than that of [web]",
     .help =
         "where those who work here connect to; by https where that is not this machine alone and [web] has "
         "a certificate"},
    {NULL},
};

#define NAMED(type, array)                                                                                   \
  .named = TRUE, .struct_size = sizeof (type), .array_offset = G_STRUCT_OFFSET (RegiaConfigValues, array)

const RegiaOptionGroup regia_option_groups[] = {
    {.kind = "event", .help = "what it is, where and when", .options = event_options},
    {.kind = "programme", .help = "the mixed picture", .options = programme_options},
    {.kind = "source",
     NAMED (RegiaConfigSource, sources),
     .max_count = 16,
     .check_name = regia_is_name,
     .takes_parameters = TRUE,
     .name_range = NAME_RANGE,
     .help = "a camera, a desk, a file; at least one",
     .options = source_options},
    {.kind = "scene",
     NAMED (RegiaConfigScene, scenes),
     .max_count = 32,
     .check_name = regia_is_name,
     .name_range = NAME_RANGE,
     .help = "sources that share the picture; each source by itself is a scene of its name",
     .options = scene_options},
    {.kind = "look", .help = "what is written over and under the picture", .options = regia_look_options},
    {.kind = "talk",
     NAMED (RegiaConfigTalk, talks),
     .max_count = 200,
     .check_name = regia_is_talk_number,
     .name_range = "a number from 1 to 999",
     .help = "a talk of the programme of talks, by its number there",
     .options = regia_talk_options},
    {.kind = "rendition",
     NAMED (RegiaConfigRendition, renditions),
     .max_count = 6,
     .check_name = regia_is_name,
     .name_range = NAME_RANGE,
     .help = "an encoding of the picture; the first is the one recorded",
     .options = rendition_options},
    {.kind = "audio",
     NAMED (RegiaConfigAudio, audios),
     .max_count = 8,
     .check_name = regia_language_is_known,
     .name_range = LANGUAGE_RANGE,
     .help = "a language of the sound",
     .options = regia_option_audio},
    {.kind = "relay",
     NAMED (RegiaConfigRelay, relays),
     .max_count = 16,
     .check_name = regia_is_name,
     .name_range = NAME_RANGE,
     .help = "a platform or server that gets the stream",
     .options = relay_options},
    {.kind = "record", .help = "the recording", .options = record_options},
    {.kind = "feed", .help = "the memory between engine, recorder and viewers", .options = feed_options},
    {.kind = "web", .help = "the viewers' page, the recordings and the status", .options = web_options},
    {.kind = "alarms",
     .help = "from when on those who work here are told that something is wrong",
     .options = regia_option_alarms},
    {.kind = "console", .help = "the address for those who work here", .options = console_options},
    {NULL},
};

const RegiaOptionGroup *
regia_option_group_find (const char *kind)
{
  for (const RegiaOptionGroup *group = regia_option_groups; group->kind != NULL; group++)
    if (g_str_equal (group->kind, kind))
      return group;
  return NULL;
}

const RegiaOption *
regia_option_find (const RegiaOptionGroup *group, const char *key)
{
  for (const RegiaOption *option = group->options; option->key != NULL; option++)
    if (g_str_equal (option->key, key))
      return option;
  return NULL;
}

const char **
regia_option_names (const RegiaOptionGroup *group)
{
  GPtrArray *names = g_ptr_array_new ();

  if (group == NULL)
    for (const RegiaOptionGroup *g = regia_option_groups; g->kind != NULL; g++)
      g_ptr_array_add (names, (gpointer)g->kind);
  else
    for (const RegiaOption *option = group->options; option->key != NULL; option++)
      g_ptr_array_add (names, (gpointer)option->key);
  g_ptr_array_add (names, NULL);
  return (const char **)g_ptr_array_free (names, FALSE);
}

GArray *
regia_config_list_keys (void)
{
  GArray *keys = g_array_new (FALSE, FALSE, sizeof (RegiaConfigKey));

  for (const RegiaOptionGroup *group = regia_option_groups; group->kind != NULL; group++)
    for (const RegiaOption *option = group->options; option->key != NULL; option++) {
      RegiaConfigKey key = {group->kind,           group->named,     group->help,   option->key,
                            option->default_value, option->required, option->range, option->help};

      g_array_append_val (keys, key);
    }
  return keys;
}
