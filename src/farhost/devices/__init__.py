"""Doors to the real world: capture files now; TUN, published ports and attached processes later."""
