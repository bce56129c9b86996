#include "backprop.h" /* makes an edit of the public header rebuild its Swift importers */
#include "cshim.h"
