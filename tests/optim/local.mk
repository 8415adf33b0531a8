# tests of lib/optim
