/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/config/config.h"
#include "regia/config/sources.h"

/*
 * RegiaDesired: all that people can want of a running show, one immutable, versioned value. A command makes
 * another one; it is persisted in show.json before the command is answered, and each process is told its part
 * of it (Process1.Apply). Reference counted; any thread.
 */

/** A mark: what becomes a chapter. */
typedef struct {
  char *id;      /* (owned) the command's id */
  guint64 at_ms; /* show time */
  char *title;   /* (owned) "" for none */
} RegiaDesiredMark;

/** A stretch of show time; to_ms is 0 while it lasts. */
typedef struct {
  guint64 from_ms, to_ms;
} RegiaDesiredSpan;

/** How loud a source is in a language, where that is not as the event file says. */
typedef struct {
  char *language, *source; /* (owned) */
  gint64 gain;             /* tenths of a dB */
  gboolean muted;
} RegiaDesiredFader;

/** That somebody has seen an alarm: as long as it lasts. */
typedef struct {
  char *alarm;     /* (owned) its id */
  gint64 since_ms; /* Unix time at which it began: the next of that id is another */
  char *who;       /* (owned) */
  gint64 at_ms;    /* Unix time */
} RegiaDesiredAcknowledgement;

#define REGIA_DESIRED_MARKS_MAX   10000
#define REGIA_DESIRED_TITLE_BYTES 400
#define REGIA_DESIRED_IDS_MAX     256

typedef struct {
  gatomicrefcount ref_count;
  guint64 version;       /* grows with every change, over restarts of the director, within a show */
  gboolean private_on;   /* what the hall says is for the hall alone */
  gboolean paused;       /* nothing is recorded; live goes on */
  char *scene;           /* (owned) what the programme shows; "": what the event file begins with */
  gboolean held;         /* they want it without its backup: said again while that was shown */
  gint64 fade_ms;        /* how long it took to come, negative: as the event file says */
  char *caption;         /* (owned) name in the caption bar; "": there is none */
  char *caption_line;    /* (owned) … and what is below it; "" for nothing */
  char *notice;          /* (owned) a line on the viewers' page; "" for none */
  gint64 talk;           /* number of the present talk, 0: none yet … */
  guint64 talk_since_ms; /* … since this show time */
  gboolean tone;         /* the line-up tone is heard in place of the sound */
  GPtrArray *sources;    /* (owned) (element-type RegiaConfigSourceChange): and relays, other than in files */
  GPtrArray *faders;     /* (owned) (element-type RegiaDesiredFader) */
  gint64 end_s;          /* planned end, Unix time; 0: as the event file says */
  GPtrArray *relays_off; /* (owned) (element-type utf8): names of relays that do not push for now */
  GPtrArray *acknowledged; /* (owned) (element-type RegiaDesiredAcknowledgement) */
  GPtrArray *marks;        /* (owned) (element-type RegiaDesiredMark), by time of the command */
  GArray *private_spans;   /* (owned) (element-type RegiaDesiredSpan), rising */
  GArray *paused_spans;    /* (owned) (element-type RegiaDesiredSpan), rising */
  GPtrArray
      *ids; /* (owned) (element-type utf8): of the last commands; one that comes again changes nothing */
} RegiaDesired;

/** regia_desired_new: nothing wanted but what the event file says. Version 1. */
RegiaDesired *regia_desired_new (void);
RegiaDesired *regia_desired_ref (RegiaDesired *self);
void regia_desired_unref (RegiaDesired *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaDesired, regia_desired_unref)

/** What a command is judged by. */
typedef struct {
  const char *const *relays;      /* (array zero-terminated=1): that the event has */
  const char *const *own_relays;  /* (array zero-terminated=1): … and that the files have */
  const char *const *slates;      /* (nullable) (array zero-terminated=1): [look] slates */
  const char *const *scenes;      /* (array zero-terminated=1): that the event has */
  const char *replaced;           /* (nullable): the scene whose backup is shown in its place just now */
  GPtrArray *audios;              /* (element-type RegiaConfigAudio): that the event has */
  const char *const *sources;     /* (array zero-terminated=1): that there are … */
  const char *const *own_sources; /* (array zero-terminated=1): … and that the files have */
  GPtrArray *talks;               /* (nullable) (element-type RegiaConfigTalk): that the event has */
  guint64 now_ms;                 /* show time */
  gint64 wall_s;                  /* Unix time */
  gboolean recorded;              /* the event is recorded at all */
  gboolean rehearsed;             /* nobody sees it, nothing is recorded */
  GPtrArray *alarms;              /* (nullable) (element-type RegiaAlarm): that are raised */
  const char *who;                /* commands */
} RegiaDesiredContext;

/**
 * regia_desired_change:
 * @id: of the command, 1 … 64 printable ASCII characters; repeating it has no second effect
 * @change: a{sv} with one key: private b, paused b, relay (sb) (name, whether it pushes), mark (ts) (show
 * time in ms, title), gain (ssx) (language, "" for all; source; tenths of a dB), mute (ssb) (the same;
 * whether it is not heard), end x (Unix time), scene (sx) (name, ms that it takes to come, negative: as the
 * event file says; the scene whose backup is shown is shown itself from then on), source-add (sa{ss}) (name,
 * keys as in a file's [source]), source-set (sa{ss}) (those that are others now), source-remove s,
 * relay-add (sa{ss}) (name, keys as in [relay] and its key), relay-remove s,
 * caption (ss) (name, line),
 * caption-talk x (number of a talk), caption-off b, talk (xt) (number of a talk, 0 for the next; show time in
 * ms at which it began), notice s (on the viewers' page, "" for none), tone (bb) (whether it is heard, also
 * on the air), scene-on-air (sx) (as scene, and the bars too), acknowledge s (id of an alarm that is raised)
 *
 * Returns: (transfer full): @self with the change, its version one higher; @self itself where nothing
 * changes. %NULL with REGIA_ERROR_USAGE: what is wrong and what would be right. Pure.
 */
RegiaDesired *regia_desired_change (RegiaDesired *self, const char *id, GVariant *change,
                                    const RegiaDesiredContext *context,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_desired_get_relay_key: (transfer none) (nullable): what was said with relay-add. Pure. */
const char *regia_desired_get_relay_key (const RegiaDesired *self, const char *name);

/** regia_desired_is_about_sources: whether @change adds, sets or removes one, or a relay: then it is to be
 * read by regia_config_change_sources() as well. @ret_checked: (nullable) (transfer none): the one that is
 * there afterwards. Pure. */
gboolean regia_desired_is_about_sources (GVariant *change, const char **ret_checked);
/** regia_desired_without_secrets: (transfer full): @change as others may read it. Pure. */
GVariant *regia_desired_without_secrets (GVariant *change);

/** regia_desired_go_on_air: (transfer full): @self as it is when a rehearsal goes on the air at the show time
 * @at_ms: what was marked and over before is gone; what lasts begins there; the tone ends.
 * @not_bars: (nullable): the scene that is shown in place of the test bars; %NULL: the event has none. Pure.
 */
RegiaDesired *regia_desired_go_on_air (RegiaDesired *self, guint64 at_ms, const char *not_bars);

/** regia_desired_get_fader: of @source in @audio, as wanted or as the event file says. Pure. */
RegiaDesiredFader regia_desired_get_fader (const RegiaDesired *self, const RegiaConfigAudio *audio,
                                           const char *source);

/** regia_desired_get_acknowledgement: (transfer none) (nullable): of the alarm that began at @since_ms (Unix
 * time). Pure. */
const RegiaDesiredAcknowledgement *regia_desired_get_acknowledgement (const RegiaDesired *self,
                                                                      const char *alarm, gint64 since_ms);

/** regia_desired_to_variant: (transfer floating): a{sv}, for show.json and for the parts. Pure. */
GVariant *regia_desired_to_variant (const RegiaDesired *self);
/** regia_desired_from_variant: the reverse; whatever is missing is as in regia_desired_new(); numbers may be
 * x or t. Returns: (transfer full) or %NULL when a value is of the wrong kind. Pure. */
RegiaDesired *regia_desired_from_variant (GVariant *value);
