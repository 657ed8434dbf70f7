/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/**
 * session.json: what is known of one session, as values. Pure: no file is touched here. The file system is
 * the truth; this file carries what cannot be read from it (title, place, epoch, reasons) and the results of
 * finishing.
 *
 * A session is owned by whoever made it; one thread at a time.
 */

#define REGIA_SESSION_FILE "session.json"
#define REGIA_SESSION_LIVE "live"
/** Beside session.json in a session that holds a private span, and written before it: if that is lost, or
 * rebuilt from the recording, this still says so. It holds the same spans; that it is there is what counts.
 */
#define REGIA_SESSION_PRIVATE "private.json"

/** States of a session, as stored. Readers show `recording` and `finishing` as interrupted when nobody holds
 * the session. */
#define REGIA_SESSION_RECORDING "recording"
#define REGIA_SESSION_FINISHING "finishing"
#define REGIA_SESSION_FINISHED  "finished"
#define REGIA_SESSION_DAMAGED   "damaged"

typedef struct {
  char *name;                              /* (owned) RegiaTrack.name */
  char *language;                          /* (owned) BCP 47, "" for video */
  char *codec;                             /* (owned) h264, aac, opus */
  guint width, height, rate_num, rate_den; /* video */
  guint sample_rate, channels;             /* audio */
} RegiaSessionTrack;

/** States of a part of the live recording. */
#define REGIA_PART_OPEN     "open"     /* being written, or a crash left it so */
#define REGIA_PART_WHOLE    "whole"    /* closed in order */
#define REGIA_PART_SUSPECT  "suspect"  /* the disk failed while it was written */
#define REGIA_PART_DAMAGED  "damaged"  /* could not be used, or not all of it; kept */
#define REGIA_PART_FINISHED "finished" /* its contents are in a finished file: may be removed */
#define REGIA_PART_LOST     "lost"     /* was recorded, and its file is not there any more */

typedef struct {
  char *file;                /* (owned) relative to the session folder: live/programme-0001.mp4 */
  gint64 from_ms, to_ms;     /* show time; both 0 while unknown */
  guint64 bytes, lost_bytes; /* of the file; of these in damaged stretches */
  char *state;               /* (owned) REGIA_PART_… */
  char *message;             /* (owned) in words, "" when all is well */
} RegiaSessionPart;

typedef struct {
  gint64 from_ms, to_ms; /* show time */
  char *reason;          /* (owned) in words */
} RegiaSessionGap;

typedef struct {
  char *name;         /* (owned) relative to the session folder */
  char *content_type; /* (owned) */
  guint64 size_bytes;
  char *sha256; /* (owned) 64 hex digits */
  gint64 duration_ms;
  char **tracks;         /* (owned) names */
  guint64 silent_frames; /* of sound, made for gaps */
} RegiaSessionFile;

typedef struct {
  char *id;     /* (owned) of the command that set it */
  gint64 at_ms; /* show time */
  char *title;  /* (owned) "" for none */
} RegiaSessionMark;

/** Of show time. */
typedef struct {
  gint64 from_ms, to_ms; /* to 0: it lasts; in a finished session: until its end */
} RegiaSessionSpan;

/** Reason of a gap that is told by more than one. */
#define REGIA_REASON_DISK "the disk was full or failed"

/** Most gaps that are listed one by one; more are only counted. */
#define REGIA_SESSION_GAPS_MAX 1000

typedef struct {
  char *id, *title, *place; /* (owned) */
  char *state, *message;    /* (owned) */
  gint64 epoch_ms;          /* Unix time of show time 0; 0: unknown */
  gint64 started_ms;        /* Unix time of the first packet; 0: none yet */
  gint64 duration_ms;       /* from the first packet to the end of the last */
  guint gaps_total;
  gint64 gap_ms;
  GPtrArray *tracks; /* (owned) (element-type RegiaSessionTrack) */
  GPtrArray *parts;  /* (owned) (element-type RegiaSessionPart) in the order of their making */
  GPtrArray *gaps;   /* (owned) (element-type RegiaSessionGap) in order */
  GPtrArray *files;  /* (owned) (element-type RegiaSessionFile) */
  GPtrArray *marks;  /* (owned) (element-type RegiaSessionMark) in the order of their making */
  GPtrArray *pauses; /* (owned) (element-type RegiaSessionSpan) in order: not recorded because people said so,
                        up to the picture that recording went on with; no gaps */
  GPtrArray *private_spans; /* (owned) (element-type RegiaSessionSpan): not for the public */
} RegiaSession;

/** regia_session_new: an empty session in state recording. */
RegiaSession *regia_session_new (const char *id, const char *title, const char *place);
void regia_session_free (RegiaSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaSession, regia_session_free)

/** regia_session_set_state: @message in words, "" for none. */
void regia_session_set_state (RegiaSession *self, const char *state, const char *message);

/** regia_session_add_track: replaces one of the same name. (transfer none): fill in the numbers. */
RegiaSessionTrack *regia_session_add_track (RegiaSession *self, const char *name, const char *language,
                                            const char *codec);
/** regia_session_add_part: (transfer none). @file must be new. */
RegiaSessionPart *regia_session_add_part (RegiaSession *self, const char *file, const char *state);
/** (transfer none) (nullable) */
RegiaSessionPart *regia_session_find_part (RegiaSession *self, const char *file);
/** regia_session_next_number: of a new part: past every one that the session knows, whether that file is
 * there or not. */
guint regia_session_next_number (RegiaSession *self);
void regia_session_set_part_state (RegiaSessionPart *part, const char *state, const char *message);
/** regia_session_add_gap: one that touches the last is joined with it. */
void regia_session_add_gap (RegiaSession *self, gint64 from_ms, gint64 to_ms, const char *reason);
/** regia_session_take_gaps: replaces the gaps with those of @from, which has none afterwards. */
void regia_session_take_gaps (RegiaSession *self, RegiaSession *from);
void regia_session_mark_free (RegiaSessionMark *self);
/** regia_session_add_mark: after the others. */
void regia_session_add_mark (RegiaSession *self, const char *id, gint64 at_ms, const char *title);
/** regia_session_set_pause: those that @from_ms to @to_ms (0: it lasts) overlaps become one with it, which
 * ends there. Returns: whether anything is different now. */
gboolean regia_session_set_pause (RegiaSession *self, gint64 from_ms, gint64 to_ms);
/** regia_session_add_pause: the same of one that is over; nothing new where one that is known covers it. */
gboolean regia_session_add_pause (RegiaSession *self, gint64 from_ms, gint64 to_ms);
/** regia_session_set_private: as they are told anew, spans are never forgotten: one that begins at @from_ms
 * ends at @to_ms (0: it lasts), or there is one more. Returns: whether anything is different now. */
gboolean regia_session_set_private (RegiaSession *self, gint64 from_ms, gint64 to_ms);
/** regia_session_add_file: (transfer none): replaces one of the same name. */
RegiaSessionFile *regia_session_add_file (RegiaSession *self, const char *name);
/** (transfer none) (nullable) */
RegiaSessionFile *regia_session_find_file (RegiaSession *self, const char *name);

/** regia_session_to_json: (transfer full): text of session.json. */
char *regia_session_to_json (RegiaSession *self);
/** regia_session_private_to_json: (transfer full): text of private.json. */
char *regia_session_private_to_json (RegiaSession *self);
/** regia_session_add_private_json: the spans of a private.json's @text are @self's too; where it holds none,
 * or cannot be read, all of @self is private. */
void regia_session_add_private_json (RegiaSession *self, const char *text, gssize length);
/** regia_session_from_json: records of all earlier versions too; unknown keys are passed over. Errors:
 * REGIA_ERROR_MEDIA when it is not a session's text; REGIA_ERROR_NEWER when a later version of Regia wrote
 * it: such a session is left alone. Fuzzed. */
RegiaSession *regia_session_from_json (const char *text, gssize length,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_session_name_is_safe: whether @name may be used as a file or folder name: `[A-Za-z0-9._-]{1,128}`,
 * not beginning with a dot. Pure. */
gboolean regia_session_name_is_safe (const char *name);
