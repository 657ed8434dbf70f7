/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/tls/tls.h"

/**
 * The event file: a GLib key file that says everything about one event. Read once into immutable values;
 * every error names file, line, group, key and remedy. The compiled-in defaults are config/example.conf, in
 * which every key is explained.
 *
 * It can leave what does not change from event to event to a hall file (`[event] hall = ../hall.conf`), which
 * is written in the same way and holds any group, but not what is an event's own ([event] name, start, end,
 * id, hall). The two are laid over each other key by key: what the event file says goes before what the hall
 * says, a list is replaced as a whole, `key =` without a value means none where that is allowed, and a group
 * with `off = yes` is left out as if nobody had written it. The groups of the hall come first, in its order:
 * its first rendition is the one recorded, unless left out. Relative paths start in the folder of the file
 * that they are written in, and a fault is named with that file and its line.
 *
 * All structs are immutable once loaded and owned by the RegiaConfig, which is reference counted; any thread.
 */

/** [rendition] encoder: the engine finds one that works. */
#define REGIA_ENCODER_AUTO "auto"

typedef struct {
  char *name;     /* [source NAME] */
  char *pipeline; /* file in pipelines/capture/ without its suffix, or an absolute path ending in .pipeline */
  /* (element-type utf8 utf8) every other key, checked against the pipeline file's `# param` lines by
   * regia_config_check_pipelines(). A value beginning with ./ or ../ is a path from the event file's folder:
   * here it is absolute already */
  GHashTable *parameters;
  gboolean audio;    /* its sound is taken; default true */
  char **heard_in;   /* (nullable) languages that it is mixed into, besides those that name it */
  guint channels[2]; /* of its sound, for left and right, counted from 1; {0, 0}: not said */
  gboolean video;    /* its picture is taken; default true */
  guint crop[4];     /* percent of its picture that are left away at the left, top, right, bottom */
  char *fit;         /* whole: its picture is seen whole in its place; fill: it fills the programme's shape */
  int delay_ms;      /* added to its timestamps: lip-sync by hand; −500 … 2000 */
  gboolean iso;      /* its own picture and sound are tracks of the feed; default false */
  char **no_alarms;  /* (nullable) kinds of alarms that it never raises, of regia_config_source_alarms */
} RegiaConfigSource;

/** Kinds of alarms that a source can be left out of, and "all"; ends with %NULL. */
extern const char *const regia_config_source_alarms[];

typedef struct {
  char *name;          /* [scene NAME] */
  char *layout;        /* full, picture-in-picture, side-by-side, slides-with-speaker, free; see scene.h */
  char **sources;      /* the sources in it, the lowest first */
  char *corner;        /* picture-in-picture: where the small one is; top-left … bottom-right, the default */
  guint small_percent; /* … and how large, of width and height; 10 … 50, default 25 */
  char **areas;        /* (nullable) free: `X Y WIDTH HEIGHT` of each source, percent of the picture */
  guint fade_ms;       /* how long it takes to come; 0 … 5000, default 0: at once */
  char *backup;        /* (nullable) what is shown in its place when one of its sources is in trouble */
  char **backup_when;  /* of lost, black, frozen; at least one */
  guint backup_after_ms; /* for how long; 500 … 600000 */
  guint backup_until_ms; /* how long all is well before it is given back; 500 … 600000 */
} RegiaConfigScene;

typedef struct {
  char *name;    /* [talk NUMBER], 1 … 999 */
  char *title;   /* 1 … 300 letters */
  char *speaker; /* 1 … 140 letters */
  char *role;    /* (nullable) what they are, or where they come from */
} RegiaConfigTalk;

typedef struct {
  char *name;          /* [rendition NAME], for example 720p; track video/NAME */
  guint width, height; /* even, 64 … 3840 / 2160 */
  guint bitrate_kbps;  /* 100 … 50000 */
  char *encoder;       /* file in pipelines/encode/, default "x264"; or REGIA_ENCODER_AUTO */
  char *preset;        /* x264 speed preset, default "veryfast" */
} RegiaConfigRendition;

/** A mix that is not held below a peak. */
#define REGIA_CONFIG_NO_LIMIT 1

typedef struct {
  char *language;          /* [audio LANG], BCP 47; track audio/LANG and audio/LANG/opus */
  char *title;             /* for the viewer's menu, default the language's own name */
  char **sources;          /* names of the sources mixed into it */
  char **gains;            /* (nullable) of each of them, see regia_config_gain(); %NULL: as they are */
  char *backup;            /* (nullable) a source that is heard while all of them are silent */
  int backup_below;        /* tenths of dBFS; −900 … −100 */
  guint backup_after_ms;   /* 500 … 60000 */
  int level;               /* loudness that the mix is brought to, LUFS; −30 … −10, 0: it is left alone */
  int limit;               /* tenths of dBFS, −200 … 0, or #REGIA_CONFIG_NO_LIMIT */
  char **duck;             /* (nullable) those of the sources that are lowered while another one is heard */
  int duck_by;             /* tenths of dB; −600 … 0 */
  int duck_above;          /* tenths of dBFS; −900 … −100 */
  guint duck_attack_ms;    /* 20 … 2000 */
  guint duck_release_ms;   /* 20 … 10000 */
  guint bitrate_kbps;      /* AAC, 32 … 320 */
  guint opus_bitrate_kbps; /* 16 … 256 */
} RegiaConfigAudio;

typedef struct {
  char *name;       /* [relay NAME] */
  char *url;        /* rtmp://, rtmps:// or srt:// without the key */
  char *key_file;   /* (nullable) absolute path; its first line is appended (RTMP: "/KEY", SRT: passphrase).
                       Never shown */
  char *rendition;  /* default: the first */
  char *language;   /* default: the first */
  guint latency_ms; /* SRT, 20 … 8000 */
  char *stream_id;  /* (nullable) SRT */
} RegiaConfigRelay;

typedef struct {
  /* [event] */
  char *name, *place;       /* place: "" when not given */
  char *start, *end;        /* (nullable) as written; RFC 3339 or `YYYY-MM-DD HH:MM` with timezone */
  gint64 start_s, end_s;    /* Unix time, 0 when not given */
  gboolean start_by_itself; /* at its start, from a folder of events; start and end are then given */
  char *timezone;           /* default Europe/Rome */
  GTimeZone *zone;          /* (owned) (nullable): the same, read once; %NULL in a part of the values */
  char **languages;         /* default: those of the [audio] groups, in order */
  char *id; /* as given, or slug of date and name: 2022-09-29-sirio-migranti (of the name alone without a
               start); the session folder's name */
  /* [programme] */
  guint width, height;      /* default 1280x720 */
  guint rate_num, rate_den; /* default 25/1; written as 25, 30, 30000/1001, 50 */
  char **ladder;            /* (nullable) names of renditions, and #REGIA_CONFIG_LADDER_AUDIO */
  char *picture;            /* (nullable) scene or source shown at first; %NULL: see regia_scenes_first() */
  char *slate;      /* (nullable) absolute path of a PNG or JPEG; default: name and place on dark ground */
  guint latency_ms; /* how long the mixer waits for sources; 50 … 2000, or 0: as they need it, up to 200 */
  char **shows;     /* names of all scenes, see regia_scenes_new(); empty for what was not read from files */
  /* [look] */
  char *look_logo;                            /* (nullable) absolute path of a PNG or JPEG */
  char *look_logo_corner;                     /* top-left … bottom-right; default top-right */
  guint look_logo_percent, look_logo_opacity; /* 2 … 30, default 10; 10 … 100, default 90 */
  char **look_slates;     /* starting, break, ending, bars: scenes of the event's own text; may be empty */
  char *look_institution; /* (nullable) */
  char *look_colour;      /* #rrggbb, of lines and signs; default #8dc0ff */
  char *look_background;  /* #rrggbb, behind words; default #14212b */
  /* groups */
  GPtrArray *sources; /* (element-type RegiaConfigSource) at least 1; of a hall by itself perhaps none */
  GPtrArray *scenes;  /* (element-type RegiaConfigScene) as written; regia_scenes_new() has all there are */
  GPtrArray *talks;   /* (element-type RegiaConfigTalk) as written */
  GPtrArray *renditions; /* (element-type RegiaConfigRendition) at least 1; the first is recorded */
  GPtrArray *audios;     /* (element-type RegiaConfigAudio) at least 1 */
  GPtrArray *relays;     /* (element-type RegiaConfigRelay) */
  /* [record] */
  gboolean record;       /* default true */
  char *folder;          /* (nullable) absolute; default <state>/recordings */
  guint64 reserve_bytes; /* stop recording cleanly below this, default 500 MB; `500M`, `2G` */
  guint64 warn_minutes;  /* warn when less than this is left, default 30 */
  /* [feed] */
  guint feed_seconds; /* default 60 */
  guint feed_mbytes;  /* default 256 */
  /* [web] */
  char *listen;                        /* address:port, default 127.0.0.1:8080 */
  char *certificate, *certificate_key; /* (nullable) absolute paths, both or none: PEM; listen is https */
  char *redirect_listen;               /* (nullable) address:port where http is sent on to https */
  char **hosts; /* allowed Host names besides localhost and the listen address, lower case; "*" allows all;
                   may be empty */
  char **trusted_proxies; /* addresses and networks (A.B.C.D/N, V6/N) whose X-Forwarded-For, -Proto and -Host
                             are believed; may be empty */
  guint segment_ms;       /* default 2000 */
  guint window_segments;  /* default 6 */
  guint threads;          /* HTTP workers, default 2 */
  guint max_connections, max_connections_per_address; /* 2000, 500 */
  /* [console] */
  char *console_listen; /* address:port, default 127.0.0.1:8090; never the same as listen */
  /* [alarms]; 0: off */
  int silence_db;                        /* dBFS, −90 … −20, default −60 */
  guint silence_after_ms;                /* default 10 s */
  guint clipping;                        /* clips within 10 s, default 5 */
  guint channels_after_ms;               /* one of two dead, or out of phase; default 10 s */
  guint equal_after_ms;                  /* two that are the same; default off */
  guint black_after_ms, frozen_after_ms; /* default 10 s */
  guint drift_ppm;                       /* default 200 */
  guint apart_ms;                        /* sound and picture of a source, default 100 */
  guint hot_c;                           /* °C, default 85 */
  /* the file */
  char *base_dir;      /* absolute; where its relative paths start */
  GPtrArray *warnings; /* (element-type utf8) what is allowed but probably not meant; lines written as those
                          of errors */
} RegiaConfigValues;

typedef struct _RegiaConfig RegiaConfig;

/** What an event file may hold at most. */
#define REGIA_CONFIG_MAX_BYTES (1 << 20)

/**
 * regia_config_load:
 * @path: the event file
 * @base_dir: (nullable): where relative paths in it start; default: the file's folder
 *
 * With a %NULL @base_dir the files that it names are looked for as well. Not otherwise: a process that starts
 * again in the midst of an event, from the copy of the file and with its @base_dir, must not fail because of
 * a slate or key that somebody has moved since.
 *
 * Returns: (transfer full) or %NULL with REGIA_ERROR_CONFIG. The message holds one line per fault found (not
 * just the first), each `FILE:LINE: [group] key: what is wrong; what to do`.
 */
RegiaConfig *regia_config_load (const char *path, const char *base_dir,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** regia_config_parse: the same from memory, where `hall` is an error; pure but for the existence checks of
 * files, which @check_files turns on. Fuzzed. */
RegiaConfig *regia_config_parse (const char *data, gsize length, const char *file_name, const char *base_dir,
                                 gboolean check_files, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * regia_config_load_in_hall:
 * @hall: (nullable): the hall file of an event file that names none; `hall =` in it says that it has none
 *
 * Otherwise as regia_config_load(), without a @base_dir.
 */
RegiaConfig *regia_config_load_in_hall (const char *path, const char *hall,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * regia_config_load_hall:
 * @path: a hall file
 *
 * The hall by itself, while no event is on: what it says, checked as in an event. Name, place and id can be
 * "", start and end are not set, there may be no source. Errors: as regia_config_load().
 */
RegiaConfig *regia_config_load_hall (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
RegiaConfig *regia_config_ref (RegiaConfig *self);
void regia_config_unref (RegiaConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaConfig, regia_config_unref)

/**
 * regia_config_check_pipelines:
 *
 * Loads the pipeline file of each source and rendition and checks their parameters. Reads the disk; any
 * thread. Returns: %FALSE with REGIA_ERROR_CONFIG, lines as those of regia_config_load().
 */
gboolean regia_config_check_pipelines (RegiaConfig *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_config_get: (transfer none): the values. */
const RegiaConfigValues *regia_config_get (RegiaConfig *self);

/** regia_config_get_files: (transfer none) (array zero-terminated=1): absolute paths of the files that were
 * read: event, then hall. Empty for what came from memory. */
const char *const *regia_config_get_files (RegiaConfig *self);

/**
 * regia_config_to_text:
 *
 * The whole configuration as the text of one event file, without a hall and with absolute paths, to be kept
 * for a restart in the midst of the event: regia_config_load() with the event file's @base_dir makes the same
 * values of it. Comments say from which file and line each key is, and loading believes them: messages go on
 * naming the files that people write in. A text that was made of it again is the same text. Contains what the
 * files contain, secrets too. Not for what regia_config_new_from_part() made.
 *
 * Returns: (transfer full): UTF-8.
 */
char *regia_config_to_text (RegiaConfig *self);

/** regia_config_where: (transfer full): `FILE:LINE: [group] key: `, for a message about a value that turned
 * out to be wrong later. */
char *regia_config_where (RegiaConfig *self, const char *group, const char *key);

/** [programme] ladder: sound alone, for viewers whose line carries no picture. */
#define REGIA_CONFIG_LADDER_AUDIO "audio"

/** [source] fit, where the picture fills the programme. */
#define REGIA_CONFIG_FILL "fill"

/** What the mix is called wherever sources are named as well: no source has this name. */
#define REGIA_CONFIG_PROGRAMME "programme"

/** Tracks that a feed has room for, of everything in it. */
#define REGIA_CONFIG_TRACKS_MAX 64

#define REGIA_CONFIG_GAIN_MIN (-600)
#define REGIA_CONFIG_GAIN_MAX 200

/** regia_config_gain: tenths of a dB by which the sound of @source is made louder in @audio,
 * REGIA_CONFIG_GAIN_MIN … REGIA_CONFIG_GAIN_MAX; 0 where nothing is said. Pure. */
int regia_config_gain (const RegiaConfigAudio *audio, const char *source);
/** regia_config_mixes: whether @source is in the mix @audio, as one of its sources or as its backup. Pure. */
gboolean regia_config_mixes (const RegiaConfigAudio *audio, const char *source);

/** How those who work here come to the console. */
typedef enum {
  REGIA_CONFIG_CONSOLE_LOCAL, /* from this machine alone: http */
  REGIA_CONFIG_CONSOLE_HTTPS, /* from others, with the certificate of [web] */
  REGIA_CONFIG_CONSOLE_CLEAR, /* from others, and there is none: http, and whoever listens in has a password
                               */
} RegiaConfigConsole;

/** regia_config_get_console: what [console] listen and [web] certificate make of it. Pure. */
RegiaConfigConsole regia_config_get_console (const RegiaConfigValues *values);

/** What is said of %REGIA_CONFIG_CONSOLE_CLEAR, and what to do; to stand behind `[console] listen: `. */
#define REGIA_CONFIG_CONSOLE_WARNING                                                                         \
  "the console can be reached from other machines and there is no certificate: passwords go over the "       \
  "network in the clear; add certificate = and key = to [web], or listen at 127.0.0.1 and come by ssh -L "   \
  "or through a web server with TLS"

/** What the files of [web] certificate and key held, checked: PEM that RegiaTls takes. */
typedef struct {
  RegiaTls *tls; /* (owned): made of them */
  GBytes *certificate;
  GBytes *key;            /* wiped when the last reference goes */
  gint64 from_s, until_s; /* valid, Unix time */
} RegiaConfigPair;

void regia_config_pair_free (RegiaConfigPair *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaConfigPair, regia_config_pair_free)

/** regia_config_read_pair: (transfer full): the two files of [web], read and checked at this moment; waits
 * for the disk, any thread. @values->certificate is not %NULL. Errors: REGIA_ERROR_CONFIG, `[web] key: FILE
 * …`; they never show what is in them. An expired certificate is none. */
RegiaConfigPair *regia_config_read_pair (const RegiaConfigValues *values,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_config_pair_is_for: whether browsers take it for a server called @host, see regia_tls_is_for().
 * Pure.
 * @pair: (nullable): %FALSE */
gboolean regia_config_pair_is_for (const RegiaConfigPair *pair, const char *host);

/** regia_config_pair_warning: (transfer full) (nullable): that it has expired, expires soon, or is not valid
 * yet: `[web] certificate: FILE expires on …`. @now_s: Unix time. Pure. */
char *regia_config_pair_warning (const RegiaConfigValues *values, const RegiaConfigPair *pair, gint64 now_s);

/** regia_config_read_key: (transfer full): first line of a relay's key file, without white space at its ends;
 * errors never show it. */
char *regia_config_read_key (const RegiaConfigRelay *relay, GError **error) G_GNUC_WARN_UNUSED_RESULT;
