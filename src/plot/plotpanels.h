/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The three panels of a plot, from the top. */

#pragma once

#include "plotpage.h"

void plot_draw_waveform (PlotPage *page);
void plot_draw_mel_spectrogram (PlotPage *page);
/* The genres' probabilities over time, and a legend beside them. */
void plot_draw_genres (PlotPage *page);
