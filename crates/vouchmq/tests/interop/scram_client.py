"""The arithmetic of SCRAM by scramp: `scram_client.py USER PASSWORD` speaks with its caller, a line for each message."""

import sys

from scramp import ScramClient

client = ScramClient(["SCRAM-SHA-256"], sys.argv[1], sys.argv[2])
print(client.get_client_first(), flush=True)
client.set_server_first(sys.stdin.readline().rstrip("\n"))
print(client.get_client_final(), flush=True)
client.set_server_final(sys.stdin.readline().rstrip("\n"))
print("the server knows the password, too", flush=True)
