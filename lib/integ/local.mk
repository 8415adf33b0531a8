integ_sources =  lib/integ/integ.h
