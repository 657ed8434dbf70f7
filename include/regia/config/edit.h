/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * Event and hall files as texts that people edit elsewhere than at the file: what is wrong with a text that
 * is in no file yet, and its secrets, which do not leave this machine with it.
 */

/** RegiaConfigFault: one thing that is wrong. Immutable. */
typedef struct {
  char *file;  /* "": the text itself; else the path of the file that the fault is in */
  guint line;  /* from 1; 0: something is not there */
  char *group; /* as written between the brackets; "": none */
  char *key;   /* "": the group as such */
  char *text;  /* what is wrong; what to do */
} RegiaConfigFault;

void regia_config_fault_free (RegiaConfigFault *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaConfigFault, regia_config_fault_free)

/** regia_config_fault_new: (transfer full): copies all of it. */
RegiaConfigFault *regia_config_fault_new (const char *file, guint line, const char *group, const char *key,
                                          const char *text);

/**
 * regia_config_fault_parse:
 * @line: one line of the message of a REGIA_ERROR_CONFIG, as regia_config_load() describes them
 * @path: the name that the text was checked under
 *
 * Returns: (transfer full): its parts. What has not that form is all text. Pure.
 */
RegiaConfigFault *regia_config_fault_parse (const char *line, const char *path);

/**
 * regia_config_check_text:
 * @text, @length: what is to be written
 * @path: absolute: the file that it is to stand in; relative paths in it start at its folder. It need not be
 * there
 * @hall: (nullable): the hall file of an event that names none, absolute
 * @is_hall: it is a hall file itself
 * @ret_id: (out) (transfer full) (optional): the event's id; %NULL when there are faults
 *
 * The same that `regia check --file` finds: keys and values, the files that they name, pipeline files and
 * their parameters. Reads the disk; any thread.
 *
 * Returns: (transfer full) (element-type RegiaConfigFault): empty when all is well.
 */
GPtrArray *regia_config_check_text (const char *text, gsize length, const char *path, const char *hall,
                                    gboolean is_hall, char **ret_id);

/** What stands for a secret in a text that is shown. */
#define REGIA_CONFIG_MASK "********"

/**
 * regia_config_mask_secrets:
 *
 * Returns: (transfer full): @text with #REGIA_CONFIG_MASK for each secret: a parameter that its pipeline file
 * calls secret (or any of those that are installed), users and passwords in addresses, values of a secret's
 * name in their queries, an SRT stream id. Lines keep their numbers. Text that is no key file is masked as
 * far as it is one. Reads the pipeline files; any thread.
 */
char *regia_config_mask_secrets (const char *text);

/**
 * regia_config_restore_secrets:
 * @text: what came back of regia_config_mask_secrets(), edited
 * @original: (nullable): the text that was masked
 * @faults: (element-type RegiaConfigFault): gets each line in which a mask stands for nothing that is known
 *
 * A value that is, in the same group under the same key, what the original's was shown as is the original's
 * again. Anything else about it changed, as the host of an address, and the secret has to be written anew: it
 * is not sent to where somebody points it who could not read it.
 *
 * Returns: (transfer full): @text with the secrets.
 */
char *regia_config_restore_secrets (const char *text, const char *original, GPtrArray *faults);
