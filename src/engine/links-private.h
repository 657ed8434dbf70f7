/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

#include "timeline-private.h"

/**
 * RegiaLinks: ties the streams of a source, which appear when the far end has told what it has (an IP
 * camera's picture and sound, what a file holds), to the chains that wait for them, and knows what has been
 * announced and what flows.
 *
 * A chain waits that begins with an element nothing is linked to:
 *
 *     rtspsrc location={location}
 *     capsfilter caps=application/x-rtp,media=video ! decodebin ! videoconvert name=video
 *     capsfilter caps=application/x-rtp,media=audio ! decodebin ! audioconvert name=audio
 *
 * A stream goes to the first free chain that takes its format. gst-launch's own way (`camera. ! …` twice) is
 * not safe: two streams appear in two threads, each tries to link either of them, and one in 40 starts leaves
 * one stream unlinked.
 */
typedef struct _RegiaLinks RegiaLinks;

/** What is known of a branch; a copy. Times are CLOCK_MONOTONIC ns, 0 for never. */
typedef struct {
  gint64 announced_ns; /* the far end said that it has one */
  gboolean linked;     /* … and it goes somewhere */
  gint64 coded_ns;     /* when something of it came last, decoded or not */
} RegiaLinksBranch;

/** regia_links_new: watches the elements of @bin, which are not yet started and outlive it. */
RegiaLinks *regia_links_new (GstBin *bin);
/** regia_links_free: after the bin was shut down. */
void regia_links_free (RegiaLinks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaLinks, regia_links_free)

/** regia_links_get: any thread. */
void regia_links_get (RegiaLinks *self, RegiaLinksBranch ret_branches[REGIA_TIMELINE_BRANCHES]);

/** regia_links_check: errors of REGIA_ERROR_CONFIG when @text links streams of one element in gst-launch's
 * own way, more than one of them. @bin: what was made of it. */
gboolean regia_links_check (const char *text, GstBin *bin, const char *where,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
