"""What kinds of mistakes faults find: a page each, and which page goes with which failure."""
