/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libgenre: models. */

#pragma once

#include "genrebase.h"

G_BEGIN_DECLS

/**
 * GenreModel:
 *
 * A network and its weights, with what the weights file says of them.  It does not
 * change once it is loaded, and any number of classifiers in any threads share one.
 *
 * Since: 1.0
 */
typedef struct _GenreModel GenreModel;

#define GENRE_TYPE_MODEL (genre_model_get_type ())
GENRE_API GType genre_model_get_type (void) G_GNUC_CONST;

/**
 * genre_model_get_folders:
 *
 * Gives the folders that models are found in by name.  With the environment variable
 * `GENRECLASSIFY_MODELS` it is the one that that names; without, first the user's own
 * one, `$XDG_DATA_HOME/genreclassify/models` (`~/.local/share/…`), and then that of the
 * models which came with the library: where the shared library lies in its build
 * directory, that directory's; else the one that they were installed to.
 *
 * Returns: (transfer full) (array zero-terminated=1) (element-type filename): the
 *     paths, which need not exist, in the order in which they are searched
 *
 * Since: 1.0
 */
GENRE_API char **genre_model_get_folders (void);

/**
 * genre_model_list:
 * @error: return location for an error
 *
 * Lists the models that can be found by name.
 *
 * Errors: %GENRE_ERROR_NOT_FOUND if there is none of the folders,
 * %GENRE_ERROR_READ if one that is there cannot be read.
 *
 * Returns: (transfer full) (array zero-terminated=1) (nullable): their names,
 *     sorted, or %NULL with @error set
 *
 * Since: 1.0
 */
GENRE_API char **genre_model_list (GError **error);

/**
 * genre_model_find:
 * @name: (type filename) (nullable): name of a model, such as "cnn", or path of a
 *     weights file; %NULL is %GENRE_DEFAULT_MODEL
 * @error: return location for an error
 *
 * Finds a weights file.  A name without a directory is first looked for in
 * genre_model_get_folders(), as `<name>.safetensors`, then as a file.
 *
 * Errors: %GENRE_ERROR_NOT_FOUND, with what was looked for and where, and which
 * models there are.
 *
 * Returns: (transfer full) (type filename) (nullable): path of the file, or %NULL
 *     with @error set
 *
 * Since: 1.0
 */
GENRE_API char *genre_model_find (const char *name, GError **error);

/**
 * genre_model_offer:
 * @model: a model
 * @name: (type filename): a name without a directory
 *
 * From now on, genre_model_load() gives @model for @name and looks for no file: for a
 * process that is to open none later.  It is never freed.  A name that was offered
 * before stays what it is.  genre_model_find() and genre_model_list() are about files,
 * and know nothing of it.
 *
 * Since: 1.0
 */
GENRE_API void genre_model_offer (GenreModel *model, const char *name);

/**
 * genre_model_load:
 * @name: (type filename) (nullable): name or path, as for genre_model_find()
 * @error: return location for an error
 *
 * Loads a model, which takes milliseconds, unless genre_model_offer() was given one of
 * that name.  A file that is in use already is not loaded again: its model is shared.  Any thread may load one; one that
 * wants a file which another thread is loading waits for it.
 *
 * Errors: %GENRE_ERROR_NOT_FOUND, %GENRE_ERROR_READ, %GENRE_ERROR_FORMAT; or
 * %GENRE_ERROR_ARGUMENT if `GENRECLASSIFY_KERNELS` names kernels that there are not.
 *
 * Returns: (transfer full) (nullable): the model, or %NULL with @error set
 *
 * Since: 1.0
 */
GENRE_API GenreModel *genre_model_load (const char *name, GError **error);

/**
 * genre_model_load_bytes:
 * @bytes: content of a weights file (safetensors); not needed after the call
 * @name: what errors are to call it
 * @error: return location for an error
 *
 * Loads a model from memory.  It is shared with no other.
 *
 * Errors: %GENRE_ERROR_FORMAT, %GENRE_ERROR_READ if there is not enough memory, and
 * %GENRE_ERROR_ARGUMENT as for genre_model_load().
 *
 * Returns: (transfer full) (nullable): the model, or %NULL with @error set
 *
 * Since: 1.0
 */
GENRE_API GenreModel *
genre_model_load_bytes (GBytes *bytes, const char *name, GError **error);

/**
 * genre_model_ref:
 * @model: a model
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @model
 *
 * Since: 1.0
 */
GENRE_API GenreModel *genre_model_ref (GenreModel *model);

/**
 * genre_model_unref:
 * @model: (transfer full) (nullable): a model, or %NULL, for which nothing is done
 *
 * Drops a reference; the last one frees the model.
 *
 * Since: 1.0
 */
GENRE_API void genre_model_unref (GenreModel *model);

/**
 * genre_model_get_name:
 * @model: a model
 *
 * Gets the name of a model.
 *
 * Returns: (transfer none): the name that the weights file states
 *
 * Since: 1.0
 */
GENRE_API const char *genre_model_get_name (const GenreModel *model);

/**
 * genre_model_get_version:
 * @model: a model
 *
 * Gets the version of a model.
 *
 * Returns: (transfer none): the version that the weights file states
 *
 * Since: 1.0
 */
GENRE_API const char *genre_model_get_version (const GenreModel *model);

/**
 * genre_model_get_metadata:
 * @model: a model
 * @key: name of a value of the weights file's metadata: `format`, `name`,
 *     `version`, `frontend`, `labels` and `layers` are always there, the latter
 *     three as JSON; so is `heads` where there are more of them than one
 *
 * Gets what the weights file says of the model.
 *
 * Returns: (transfer none) (nullable): the value, or %NULL if there is none
 *
 * Since: 1.0
 */
GENRE_API const char *
genre_model_get_metadata (const GenreModel *model, const char *key);

/**
 * genre_model_get_n_labels:
 * @model: a model
 *
 * Counts the labels of a model.
 *
 * Returns: number of labels, and so of probabilities, at least 1
 *
 * Since: 1.0
 */
GENRE_API guint genre_model_get_n_labels (const GenreModel *model);

/**
 * genre_model_get_label:
 * @model: a model
 * @index: less than genre_model_get_n_labels()
 *
 * Gets one label.
 *
 * Returns: (transfer none): what the probability @index is of
 *
 * Since: 1.0
 */
GENRE_API const char *
genre_model_get_label (const GenreModel *model, guint index);

/**
 * genre_model_get_labels:
 * @model: a model
 *
 * Gets all labels.
 *
 * Returns: (transfer none) (array zero-terminated=1): all labels, in the order of
 *     the probabilities
 *
 * Since: 1.0
 */
GENRE_API const char *const *genre_model_get_labels (const GenreModel *model);

/**
 * genre_model_get_n_heads:
 * @model: a model
 *
 * Counts the heads of a model, the lists of labels that one pass of its network
 * answers.  The first one, the head 0, is of the genres: its labels are those of
 * genre_model_get_labels().
 *
 * Returns: number of heads, at least 1
 *
 * Since: 1.0
 */
GENRE_API guint genre_model_get_n_heads (const GenreModel *model);

/**
 * genre_model_get_head_name:
 * @model: a model
 * @head: less than genre_model_get_n_heads()
 *
 * Gets the name of a head.
 *
 * Returns: (transfer none): such as "tags"; that of the first one is "genre"
 *
 * Since: 1.0
 */
GENRE_API const char *
genre_model_get_head_name (const GenreModel *model, guint head);

/**
 * genre_model_get_head_labels:
 * @model: a model
 * @head: less than genre_model_get_n_heads()
 *
 * Gets the labels of a head.
 *
 * Returns: (transfer none) (array zero-terminated=1): all of them, in the order of
 *     genre_prediction_get_values()
 *
 * Since: 1.0
 */
GENRE_API const char *const *
genre_model_get_head_labels (const GenreModel *model, guint head);

/**
 * genre_model_is_head_exclusive:
 * @model: a model
 * @head: less than genre_model_get_n_heads()
 *
 * Tells whether one label of a head excludes the others, as a genre does; or each is
 * there or not for itself, as moods and voices are.
 *
 * Returns: %TRUE if the probabilities of the head's labels have the sum 1
 *
 * Since: 1.0
 */
GENRE_API gboolean genre_model_is_head_exclusive (
    const GenreModel *model, guint head);

/**
 * genre_model_find_head:
 * @model: a model
 * @name: name of a head, such as "tags"
 *
 * Finds a head.
 *
 * Returns: which one it is, or -1 if the model has none of that name
 *
 * Since: 1.0
 */
GENRE_API gint genre_model_find_head (
    const GenreModel *model, const char *name);

/**
 * genre_model_get_embedding_size:
 * @model: a model
 *
 * Tells how long an embedding is.
 *
 * Returns: number of values that genre_prediction_get_embedding() gives; 0 if the
 *     model has no embedding
 *
 * Since: 1.0
 */
GENRE_API gsize genre_model_get_embedding_size (const GenreModel *model);

/**
 * genre_model_get_n_parameters:
 * @model: a model
 *
 * Counts the parameters of a model.
 *
 * Returns: number of trained values in the network as it runs
 *
 * Since: 1.0
 */
GENRE_API gsize genre_model_get_n_parameters (const GenreModel *model);

/**
 * genre_model_get_min_window:
 * @model: a model
 *
 * Gets how much audio a model needs.
 *
 * Returns: length of the shortest audio that the network accepts, ns
 *
 * Since: 1.0
 */
GENRE_API guint64 genre_model_get_min_window (const GenreModel *model);

/**
 * genre_labels_match:
 * @a: name of a genre
 * @b: another one
 *
 * Compares names of genres as people write them: the case of ASCII letters does not
 * count, nor do its spaces and signs, so that "hiphop" is "Hip-Hop".
 *
 * Returns: %TRUE if they are the same
 *
 * Since: 1.0
 */
GENRE_API gboolean genre_labels_match (const char *a, const char *b);

#ifndef __GI_SCANNER__
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GenreModel, genre_model_unref)
#endif

G_END_DECLS
