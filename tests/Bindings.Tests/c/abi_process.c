/* What the library does to its host's process: one thread that sleeps, four signals, and memory that goes back. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1 /* MAP_ANONYMOUS */
#endif
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* sigaltstack */
#endif
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static unsigned long status_value(const char *name, int base)
{
    char line[256];
    unsigned long value = 0;
    FILE *status = fopen("/proc/self/status", "r");
    CHECK(status != NULL);
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtoul(line + strlen(name) + 1, NULL, base);
    }

    fclose(status);
    return value;
}

static unsigned long signal_bit(int number)
{
    return 1ul << (number - 1);
}

static void the_runtime_takes_what_the_header_says(void)
{
    CHECK(status_value("Threads", 10) == 1);
    unsigned long caught = status_value("SigCgt", 16);
    unsigned long ignored = status_value("SigIgn", 16);
    CHECK(reclaim_version_number() == RECLAIM_VERSION_NUMBER);
    CHECK(status_value("Threads", 10) <= 2);

    /* Numbers 32 and 33 are glibc's own, for threads. */
    unsigned long now = status_value("SigCgt", 16) & ~(signal_bit(32) | signal_bit(33));
    unsigned long known = signal_bit(SIGSEGV) | signal_bit(SIGFPE) | signal_bit(34);
    CHECK((now & ~caught & ~known) == 0);
    CHECK((status_value("SigIgn", 16) & ~ignored & ~signal_bit(SIGPIPE)) == 0);
}

static void engines_give_their_memory_back(void)
{
    world_t w;
    for (int i = 0; i < 20; i++) {
        world_open(&w);
        world_close(&w);
    }

    unsigned long size = status_value("VmSize", 10);
    unsigned long resident = status_value("VmRSS", 10);
    for (int i = 0; i < 300; i++) {
        world_open(&w);
        world_close(&w);
    }

    /* In KiB: one of these engines reserves some MiB. */
    CHECK(status_value("VmSize", 10) < size + 8 * 1024);
    CHECK(status_value("VmRSS", 10) < resident + 8 * 1024);
    CHECK(status_value("Threads", 10) <= 2);
}

/* A fault of the host's own, as a pager or a garbage collector in it has them: on a page that it protects, handled by its handler on a
 * stack of its own. */
static sigjmp_buf host_goes_on;
static volatile sig_atomic_t host_faults;
static char *host_page;
static char host_stack[64 * 1024];

static void host_handler(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    if (info->si_addr != host_page)
        _exit(90);
    host_faults++;
    siglongjmp(host_goes_on, 1);
}

static void host_installs_its_handler(void)
{
    stack_t stack;
    memset(&stack, 0, sizeof stack);
    stack.ss_sp = host_stack;
    stack.ss_size = sizeof host_stack;
    if (sigaltstack(&stack, NULL) != 0)
        _exit(91);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = host_handler;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    if (sigaction(SIGSEGV, &action, NULL) != 0)
        _exit(92);
}

static void host_faults_once(void)
{
    sig_atomic_t before = host_faults;
    if (sigsetjmp(host_goes_on, 1) == 0)
        *(volatile char *)host_page = 1;
    if (host_faults != before + 1)
        _exit(93);
}

static void use_the_library(void)
{
    world_t w;
    world_open(&w);
    world_close(&w);
}

/* In a child, which has to be made before the library is used. */
static void check_in_a_child(void (*body)(void))
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        body();
        _exit(0);
    }

    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        printf("    the child's status is 0x%x\n", (unsigned)status);
}

static void a_handler_from_before_the_first_call(void)
{
    host_installs_its_handler();
    host_faults_once();
    use_the_library();
    host_faults_once();
    use_the_library();
}

static void a_handler_from_after_the_first_call(void)
{
    use_the_library();
    host_installs_its_handler();
    host_faults_once();
    use_the_library();
    host_faults_once();
}

static void sigpipe_is_the_hosts_if_it_says_so(void)
{
    use_the_library();
    struct sigaction action;
    if (sigaction(SIGPIPE, NULL, &action) != 0 || action.sa_handler != SIG_IGN)
        _exit(94);
    signal(SIGPIPE, SIG_DFL);
    use_the_library();
    if (sigaction(SIGPIPE, NULL, &action) != 0 || action.sa_handler != SIG_DFL)
        _exit(95);
}

static void the_hosts_faults_are_its_own(void)
{
    host_page = (char *)mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(host_page != (char *)MAP_FAILED);
    check_in_a_child(a_handler_from_before_the_first_call);
    check_in_a_child(a_handler_from_after_the_first_call);
    check_in_a_child(sigpipe_is_the_hosts_if_it_says_so);
    munmap(host_page, 4096);
}

static world_t forked;

/* The child of a process that has used the library: every call on what was there is refused, and so is a new engine. */
static void a_forked_childs_calls(void)
{
    uint32_t resident = 7;
    reclaim_engine_options_t options;
    world_options(&options);
    reclaim_engine_t *engine = NULL;
    if (reclaim_version_number() != RECLAIM_VERSION_NUMBER)
        _exit(81);
    if (reclaim_address_space_is_resident(forked.space, 0, &resident) != RECLAIM_E_UNSUPPORTED || resident != 7)
        _exit(82);
    if (strstr(reclaim_last_error(), "fork") == NULL)
        _exit(83);
    if (reclaim_address_space_access_page(forked.space, 0, 0) != RECLAIM_E_UNSUPPORTED)
        _exit(84);
    if (reclaim_engine_destroy(forked.engine) != RECLAIM_E_UNSUPPORTED)
        _exit(85);
    if (reclaim_engine_create(&options, &engine) != RECLAIM_E_UNSUPPORTED || engine != NULL)
        _exit(86);
}

static void a_child_of_a_fork_is_refused(void)
{
    world_open(&forked);
    check_in_a_child(a_forked_childs_calls);
    OK(reclaim_address_space_access_page(forked.space, 0, 0));
    world_close(&forked);
    reclaim_engine_options_t options;
    world_options(&options);
    options.flags = RECLAIM_ENGINE_CONCURRENT;
    options.policies = "mglru";
    world_open_with(&forked, &options);
    check_in_a_child(a_forked_childs_calls);
    world_close(&forked);
}

void test_process(void)
{
    the_hosts_faults_are_its_own();
    the_runtime_takes_what_the_header_says();
    engines_give_their_memory_back();
    a_child_of_a_fork_is_refused();
}
