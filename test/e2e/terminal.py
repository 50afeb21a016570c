"""Runs a command on a pseudo terminal: terminal.py STEPS COMMAND...

STEPS is a JSON list of [text to wait for, text to type]; WIDTH is that of the terminal. Prints all that the terminal showed; exits as the command does.
"""
import fcntl, json, os, pty, select, signal, struct, sys, termios, time

steps, command = json.loads(sys.argv[1]), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(os.environ.get("WIDTH", "100")), 0, 0))
    os.execvp(command[0], command)

shown, at, deadline = b"", 0, time.monotonic() + 20
while time.monotonic() < deadline:
    ready, _, _ = select.select([terminal], [], [], 0.1)
    if ready:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    if steps and steps[0][0].encode() in shown[at:]:
        at = len(shown)
        os.write(terminal, steps.pop(0)[1].encode())

else:
    os.kill(pid, signal.SIGKILL)

sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
