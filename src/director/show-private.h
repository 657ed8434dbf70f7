/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "desired-private.h"
#include "regia/base/clock.h"

/*
 * RegiaShow: what must survive the director: which show is on the air, since when, and under which epoch. A
 * plain value kept in show.json.
 */
typedef enum {
  REGIA_SHOW_STANDBY,   /* console and public page are up, nothing is captured */
  REGIA_SHOW_REHEARSAL, /* sources, programme, meters run; nothing is public, nothing is kept */
  REGIA_SHOW_ON_AIR,    /* (paused: the desired state says so) */
  REGIA_SHOW_ENDING,    /* the recording is being finished */
  REGIA_SHOW_ENDED,     /* recordings are served */
} RegiaShowState;

typedef struct {
  char *event_id;    /* (owned) */
  char *id;          /* (owned) 8 hex digits: what tells one show from another in addresses */
  char *session;     /* (owned) folder name of the recording; "" in a rehearsal: there is none */
  char *config_path; /* (owned) the event file as given */
  RegiaShowState state;
  gboolean unsettled;    /* the first version wrote it: it may have been ended, see regia_show_settle() */
  gboolean left;         /* it was ended, and then the program by a person: the next start begins another */
  RegiaDesired *desired; /* (owned) */
  GVariant *alarms;      /* (owned) (nullable): av of regia_alarms_to_kept() */
  char **ended;          /* (owned) (nullable): ids of the events that were ended, the latest last */
  gint64 aired_ns;       /* show time at which it went on the air: before, it was rehearsed */
  RegiaEpoch epoch;
  guint64 generation; /* engine starts so far */
  /* When this was last written: show time, and the wall clock beside it. */
  gint64 reached_ns, reached_wall_ns;
} RegiaShow;

void regia_show_clear (RegiaShow *show);
/** regia_show_copy: @ret_copy is overwritten. Pure. */
void regia_show_copy (const RegiaShow *show, RegiaShow *ret_copy);

/** As many ended events are remembered: one of them never starts by itself again. */
#define REGIA_SHOW_ENDED_MAX 500

/** regia_show_note_ended: that its event was ended; once each. Pure. */
void regia_show_note_ended (RegiaShow *show);
/** regia_show_forget_ended: its event is on the air again. Pure. */
void regia_show_forget_ended (RegiaShow *show);

/** regia_show_load: @path is show.json. %FALSE without an error when there is none; REGIA_ERROR_MEDIA when it
 * cannot be understood, REGIA_ERROR_STATE when a newer Regia wrote it. Files of earlier versions are read;
 * the first do not say when they were written; their own time does. */
gboolean regia_show_load (const char *path, RegiaShow *ret_show, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * regia_show_settle: the first version said on-air until the recording was finished. Whether the event had
 * been ended by then only the recording's own record tells: it is finished after that alone. May wait for the
 * disk.
 *
 * Returns: whether @show is REGIA_SHOW_ENDING now and was not before.
 */
gboolean regia_show_settle (RegiaShow *show, const char *recordings_dir);

/** regia_show_to_json: (transfer full). Pure. */
char *regia_show_to_json (const RegiaShow *show);
/** regia_show_from_json: the reverse, with every value checked. Pure. */
gboolean regia_show_from_json (const char *text, RegiaShow *ret_show,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** An interrupted show older than this is not gone on with: a new one begins, and the recorder finishes the
 * old. */
#define REGIA_SHOW_RESUME_LIMIT_S (6 * 3600)

/** show.json is written this often at least while the show is on the air. */
#define REGIA_SHOW_SAVE_EVERY_S 10
/** After a restart of the machine show time goes on so far after what was last written, at least: as much as
 * may have gone by unwritten. */
#define REGIA_SHOW_STEP_NS (15 * REGIA_SECOND)

/** What the clocks say, read together. */
typedef struct {
  char boot_id[REGIA_BOOT_ID_BYTES];
  gint64 monotonic_ns, realtime_ns;
} RegiaShowNow;

void regia_show_now (RegiaShowNow *ret_now);

/** regia_show_note_reached: before it is written. In standby time does not go on. */
void regia_show_note_reached (RegiaShow *show, const RegiaShowNow *now);

/**
 * regia_show_idle_s: for how long nothing was written of @show, in seconds. Within one boot the monotonic
 * clock knows, whatever the wall clock was set to meanwhile; after a restart of the machine the wall clock
 * has to be asked, and is not believed where it runs backwards or over years: 0 then. Pure.
 */
gint64 regia_show_idle_s (const RegiaShow *show, const RegiaShowNow *now);

/**
 * regia_show_go_on: makes the epoch of an interrupted show hold for the running boot. Show time never goes
 * back, whatever the wall clock came up with after a restart of the machine (without a battery, in the past):
 * it goes on by the wall clock as far as that can be believed (forwards, and not for longer than an
 * interrupted show is gone on with), and by REGIA_SHOW_STEP_NS where it cannot. Pure.
 * @recorded_wall_ns: when the recording was last written to, by the clock that @show was written by; 0
 * unknown. It says how much show time there was after the last word of show.json, should that have failed for
 * long
 *
 * Returns: whether the machine was restarted.
 */
gboolean regia_show_go_on (RegiaShow *show, const RegiaShowNow *now, gint64 recorded_wall_ns);

/** What a start does with the show that was there before. */
typedef enum {
  REGIA_START_NEW,      /* another show begins; what the old one left is finished beside it */
  REGIA_START_GO_ON,    /* on the air, with the same show and session */
  REGIA_START_FINISH,   /* its recording is finished, nothing is captured */
  REGIA_START_SERVE,    /* its recordings are served */
  REGIA_START_REHEARSE, /* rehearsed, as it was */
  REGIA_START_STAND_BY, /* nothing is on until an event is started */
} RegiaStart;

/** How it was started. */
typedef struct {
  const char *event_id;
  gboolean fresh;      /* --new */
  gboolean again;      /* --again */
  gboolean by_service; /* by systemd, not by a person: what was ended stays ended */
} RegiaStartWish;

/**
 * regia_show_decide: what was on the air goes on, what was being finished is finished, what was ended stays
 * ended, unless a person says otherwise; what was rehearsed is never on the air by a start. Pure.
 * @old: (nullable): the show before; @idle_s: for how long nothing was written of it
 */
RegiaStart regia_show_decide (const RegiaShow *old, const RegiaStartWish *wish, gint64 idle_s);

/**
 * regia_show_decide_service: the same for the service, which waits for events: what was on the air goes on,
 * so does a rehearsal, and what was being finished is finished, without the hall's file or the folder of
 * events; a show that was interrupted too long ago to be gone on with is finished too. Pure.
 */
RegiaStart regia_show_decide_service (const RegiaShow *old, gint64 idle_s);

/** "standby", "rehearsal", … Static. */
const char *regia_show_state_to_string (RegiaShowState state);

/** regia_show_last_written: Unix time in ns at which a file of the live recording of @session was last
 * written to; 0 when there is none. May wait for the disk. */
gint64 regia_show_last_written (const char *recordings_dir, const char *session);

/** regia_show_new_id: (transfer full): an id that no show has had. */
char *regia_show_new_id (void);

/** regia_show_new_session: (transfer full): @event_id, or @event_id-2, -3 … : the first that does not exist
 * in @recordings_dir. */
char *regia_show_new_session (const char *recordings_dir, const char *event_id);
