/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A short queue of items, and the thread that processes them in their order: one of its
 * own, or whichever of a pool that many queues share.
 * The streaming thread pushes and drains; a flush from any thread interrupts
 * both.
 *
 * Why it is not GstDataQueue, which has a bounded push, drops and flushes, too:
 * there the consumer is a thread of one's own, and once it has popped an item
 * the queue knows nothing of it.  Here the end of a track must wait until the
 * last item is processed, not only popped (drain); a flush must wait for the
 * item under way (flush_stop); and the function that processes an item must
 * learn that a flush has made its result worthless (is_flushed).  All three
 * need to know of the item under way, under the same lock as the queue. */

#pragma once

#include <gst/gst.h>

typedef struct _GenreQueue GenreQueue;

/* Processes one item, in the queue's thread, with no lock held. */
typedef void (*GenreQueueFunc) (gpointer item, gpointer user_data);

/* Creates a queue and starts its thread.
 * @name: of the thread
 * @pool: where the items are processed, which a reference is taken of; NULL: in a thread
 *     of the queue's own
 * @max_waiting: items that may wait behind the one that is being processed
 * @free_item: frees an item that was processed or dropped; called from any
 *     thread, with no lock held
 * Returns NULL with @error set if the machine has no thread for it.  When @pool has none
 * either, whoever pushes processes the items. */
GenreQueue *genre_queue_new (const char *name, GstTaskPool *pool,
    guint max_waiting, GenreQueueFunc func, GDestroyNotify free_item,
    gpointer user_data, GError **error);
/* Drops the waiting items, lets the one under way end, and joins the thread;
 * not to be called from the function that processes items.  @queue may be
 * NULL. */
void genre_queue_free (GenreQueue *queue);

/* Appends @item (transfer full); blocks while the queue is full.  FALSE if the
 * queue is flushing; the item was dropped then. */
gboolean genre_queue_push (GenreQueue *queue, gpointer item);
/* Appends @item (transfer full) even if the queue is full; then the oldest
 * waiting item for which @can_drop is TRUE is removed and returned (transfer full),
 * otherwise NULL.  An item that comes while the queue is flushing is dropped. */
gpointer genre_queue_push_dropping (GenreQueue *queue, gpointer item,
    gboolean (*can_drop) (gconstpointer item));
/* TRUE if as many items wait as may. */
gboolean genre_queue_is_full (GenreQueue *queue);
/* Waits until every item is processed.  FALSE if the queue is flushing. */
gboolean genre_queue_drain (GenreQueue *queue);

/* Drops the waiting items, and all that are pushed from now on; returns at
 * once. */
void genre_queue_flush_start (GenreQueue *queue);
/* Waits until the item under way is processed, then accepts items again. */
void genre_queue_flush_stop (GenreQueue *queue);
/* For the function that processes an item: TRUE if there was a flush since it
 * was called, so that its result is not wanted any more. */
gboolean genre_queue_is_flushed (GenreQueue *queue);
/* The same, but TRUE only if that flush has ended, which only a handler that the
 * function itself called can have done: the result belongs to what is past. */
gboolean genre_queue_is_past (GenreQueue *queue);
