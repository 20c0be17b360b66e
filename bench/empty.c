/* SPDX-License-Identifier: MIT */
/*
 * empty.c - a program that ends at once.
 *
 * Static (build/empty), run by the floor posix-spawn: what is left of starting
 * a program when the program does nothing.
 */
int main(void)
{
    return 0;
}
