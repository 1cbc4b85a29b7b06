// The end and the level of a clip, as soundlet/clip.py has them.
#pragma once

#include "wav.h"

namespace soundlet {

// The last 5 ms (or half, if that is less) falling to zero, against a click.
void fade_out(Sound& sound);

// Within full scale; quieter sounds are left alone. Throws Failure: silence, or no sound at all.
void bring_to_level(Sound& sound);

}  // namespace soundlet
