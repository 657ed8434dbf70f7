/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "desired-private.h"
#include "regia/config/config.h"

/*
 * RegiaAlarms: what is wrong with the show, from what its processes say: which alarms are raised, since when,
 * and which were. A function of the values of RegiaAlarmsInput and of those before: it reads no clock and no
 * file, and changes nothing but itself. alarm-rules.c: what is an alarm; alarm-words.c: in which words;
 * alarms.c: from when on, and until when. Not MT-safe.
 */
typedef struct _RegiaAlarms RegiaAlarms;

typedef enum {
  REGIA_ALARM_PROGRAMME,
  REGIA_ALARM_RECORDING,
  REGIA_ALARM_VIEWERS,
  REGIA_ALARM_SOURCE_LOST,
  REGIA_ALARM_MUTED,
  REGIA_ALARM_BLACK,
  REGIA_ALARM_FROZEN,
  REGIA_ALARM_SILENCE,
  REGIA_ALARM_CLIPPING,
  REGIA_ALARM_CHANNEL_DEAD,
  REGIA_ALARM_OUT_OF_PHASE,
  REGIA_ALARM_CHANNELS_EQUAL,
  REGIA_ALARM_DRIFT,
  REGIA_ALARM_APART,
  REGIA_ALARM_BACKUP,
  REGIA_ALARM_BACKUP_SCENE,
  REGIA_ALARM_BEHIND,
  REGIA_ALARM_SHED,
  REGIA_ALARM_RELAY_LOST,
  REGIA_ALARM_DISK,
  REGIA_ALARM_HOT,
  REGIA_ALARM_KINDS,
} RegiaAlarmKind;

/** So many of those that ended are remembered. */
#define REGIA_ALARMS_ENDED_MAX 64
/** Clips are counted within so many calls of regia_alarms_step(). */
#define REGIA_ALARM_COUNTS 10

typedef struct {
  RegiaAlarmKind kind;
  char *id;    /* (owned) "silence/desk", "disk" */
  char *about; /* (owned) "desk"; "" */
  char *value; /* (owned) what it was like when it was raised, for the words; "" */
  gboolean raised;
  gint64 since_ms, ended_ms;           /* show time */
  gint64 since_wall_ms, ended_wall_ms; /* Unix time; since_wall_ms tells it from others of its id */
  char *by;                            /* (owned) (nullable): who had acknowledged it when it ended */
  gint64 by_wall_ms;                   /* … and when */
  /* Of one that is not over: */
  gint64 yes_since_ms, no_since_ms; /* monotonic; 0: it is not so now */
  gboolean judged;                  /* in the present step */
  guint64 counts[REGIA_ALARM_COUNTS];
  guint counted;
} RegiaAlarm;

/** All that is judged; borrowed. States are a{sv} as the processes publish them, {} of one that has none. */
typedef struct {
  const RegiaConfigValues *config;
  const RegiaDesired *desired;
  const char *state; /* regia_status_state() */
  GVariant *engine, *recorder, *gateway;
  GPtrArray *relays;    /* (element-type GVariant) */
  double temperature_c; /* of the machine; NAN: not known */
  double load_percent;  /* of its processor; NAN: not known */
  gint64 now_ms;        /* monotonic */
  gint64 show_ms;       /* show time */
  gint64 wall_ms;       /* Unix time */
} RegiaAlarmsInput;

/** regia_alarms_new: @kept: (nullable): av of regia_alarms_to_kept(): those that were raised then are raised,
 * with the beginning that they had, until the processes have said otherwise. What cannot be understood of it
 * is left out. */
RegiaAlarms *regia_alarms_new (GVariant *kept);
void regia_alarms_free (RegiaAlarms *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaAlarms, regia_alarms_free)

/** Called for each alarm that was raised, or that ended. */
typedef void (*RegiaAlarmsChangedFunc) (const RegiaAlarm *alarm, gpointer user_data);

/** regia_alarms_step: once a second. Returns: whether any was raised or ended. */
gboolean regia_alarms_step (RegiaAlarms *self, const RegiaAlarmsInput *input, RegiaAlarmsChangedFunc changed,
                            gpointer user_data);

/** regia_alarms_get: (transfer none) (element-type RegiaAlarm): that are raised, worst first. Valid until the
 * next step. */
GPtrArray *regia_alarms_get (RegiaAlarms *self);
/** regia_alarms_describe: (transfer floating): av of the status: those that are raised, worst first. */
GVariant *regia_alarms_describe (RegiaAlarms *self, const RegiaDesired *desired);
/** regia_alarms_describe_ended: (transfer floating): av of the status: those that ended, the latest first. */
GVariant *regia_alarms_describe_ended (RegiaAlarms *self);
/** regia_alarms_to_kept: (transfer floating): av: all that is to outlive the process. */
GVariant *regia_alarms_to_kept (RegiaAlarms *self);

/* For the rules */

typedef enum {
  REGIA_ALARM_NO,
  REGIA_ALARM_YES,
  REGIA_ALARM_UNKNOWN, /* or in between: as it was before */
} RegiaAlarmTruth;

/**
 * regia_alarms_judge:
 * @about: what it is about, "" where there is but one
 * @after_ms: for how long it must be so before it is raised
 * @clear_ms: for how long it must not be so before it ends
 * @format: what it is like, for the words
 *
 * What is not judged in a step is over at once: there is no such source any more, or it is off.
 */
void regia_alarms_judge (RegiaAlarms *self, RegiaAlarmKind kind, const char *about, RegiaAlarmTruth truth,
                         gint64 after_ms, gint64 clear_ms, const char *format, ...) G_GNUC_PRINTF (7, 8);
/** regia_alarms_count: how much @count has grown within the last REGIA_ALARM_COUNTS steps; a smaller one
 * begins anew. */
guint64 regia_alarms_count (RegiaAlarms *self, RegiaAlarmKind kind, const char *about, guint64 count);
/** regia_alarm_rules: judges all there is. */
void regia_alarm_rules (RegiaAlarms *self, const RegiaAlarmsInput *input);

/* The words */

/** "silence": how the kind is called in ids. Static. */
const char *regia_alarm_kind_to_string (RegiaAlarmKind kind);
gboolean regia_alarm_kind_parse (const char *text, RegiaAlarmKind *ret_kind);
/** "warning" or "critical". Static. */
const char *regia_alarm_severity (RegiaAlarmKind kind);

typedef enum { REGIA_ALARM_ENGLISH, REGIA_ALARM_ITALIAN, REGIA_ALARM_LANGUAGES } RegiaAlarmLanguage;

/** (transfer full): what is wrong. */
char *regia_alarm_text (const RegiaAlarm *alarm, RegiaAlarmLanguage language);
/** (transfer full): what to do. */
char *regia_alarm_remedy (const RegiaAlarm *alarm, RegiaAlarmLanguage language);
