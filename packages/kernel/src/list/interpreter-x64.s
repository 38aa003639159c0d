# The interpreter of syscall lists, x86-64. Its bytes stand in machine-code.ts; a test assembles this and compares.
# No stack is used below `interpret`, and nothing but the slot is read or written: a child has no other memory.
#
# Slot:    0 first record (address)   8 record to go on at after a failure (address, or 0)   16 the record that failed
#          (offset from the slot)   24 its errno   32 time at which the list began (timespec)   64 struct clone_args
# Record:  0 syscall or pseudo-call   2 kinds of the six arguments, two bits each: 0 as it is, 1 offset from the slot,
#          3 what is at an offset from the slot   4 flags: 1 zero fails too, 2 no failure counts, 4 a fork
#          6 records that are skipped where an errno is tolerated, and by the parent of a fork   8 four tolerated errnos
#          16 six arguments   64 result   72 time after it (timespec); 96 bytes in all
        .intel_syntax noprefix
        .text

# long launch(void *slot): clone3(2). The parent is answered as by the syscall; the child walks the list and never returns.
launch:
        mov     r8, rdi
        lea     rdi, [r8 + 64]
        mov     esi, 88
        mov     eax, 435                # clone3
        syscall
        test    rax, rax
        je      interpret
        ret

# r8: the slot
interpret:
        mov     rbx, r8
        mov     edi, 1                  # CLOCK_MONOTONIC
        lea     rsi, [rbx + 32]
        mov     eax, 228                # clock_gettime
        syscall
        mov     rbp, [rbx]

        .macro  argument register, offset
        mov     \register, [rbp + \offset]
        test    r12b, 1
        je      1f
        add     \register, rbx
        test    r12b, 2
        je      1f
        mov     \register, [\register]
1:      shr     r12d, 2
        .endm

next:
        movzx   r12d, word ptr [rbp + 2]
        argument rdi, 16
        argument rsi, 24
        argument rdx, 32
        argument r10, 40
        argument r8, 48
        argument r9, 56
        movzx   r13d, word ptr [rbp + 4]
        movzx   eax, word ptr [rbp]
        cmp     eax, 0xf000
        jae     pseudo
        syscall
        test    rax, rax
        jne     store
        test    r13b, 4
        jne     follow                  # the child of a fork leaves the result to its parent
store:
        mov     [rbp + 64], rax
        mov     r14, rax
        mov     edi, 1
        lea     rsi, [rbp + 72]
        mov     eax, 228
        syscall
        mov     rax, r14
        cmp     rax, -4095
        jae     failed
        test    r13b, 4
        jne     skip
        test    rax, rax
        jne     follow
        test    r13b, 1
        je      follow
        jmp     fatal
failed:
        neg     rax
        test    r13b, 2
        jne     follow
        cmp     ax, [rbp + 8]
        je      skip
        cmp     ax, [rbp + 10]
        je      skip
        cmp     ax, [rbp + 12]
        je      skip
        cmp     ax, [rbp + 14]
        je      skip
fatal:
        mov     rcx, rbp
        sub     rcx, rbx
        mov     [rbx + 16], rcx
        mov     [rbx + 24], rax
        mov     rbp, [rbx + 8]
        mov     qword ptr [rbx + 8], 0
        test    rbp, rbp
        jne     next
        mov     edi, 125
        mov     eax, 231                # exit_group
        syscall
skip:
        movzx   ecx, word ptr [rbp + 6]
        imul    ecx, ecx, 96
        add     rbp, rcx
follow:
        add     rbp, 96
        jmp     next

pseudo:
        cmp     eax, 0xf001
        jb      set
        je      compare
        mov     rbp, rdi                # 0xf002: jump
        jmp     next
set:                                    # 0xf000: a word
        mov     [rdi], rsi
        xor     eax, eax
        jmp     store
compare:                                # 0xf001: a word under a mask with a value; differs: this errno
        mov     rcx, [rdi]
        and     rcx, rsi
        xor     eax, eax
        cmp     rcx, rdx
        je      store
        mov     rax, r10
        neg     rax
        jmp     store

# long thread_pointer(void): where thread-local storage is.
thread_pointer:
        mov     rax, fs:0
        ret
