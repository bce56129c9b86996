#include "backprop.h" /* makes an edit of the public header rebuild its Swift importers */
#include "cshim.h"

static _Thread_local char message[256];
char *shim_thread_message(void) { return message; }
