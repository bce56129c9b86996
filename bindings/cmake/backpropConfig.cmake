# find_package(backprop) gives the target backprop::backprop. Paths start at the place of this file, so that the
# installed tree can be moved.
get_filename_component(_backprop_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET backprop::backprop)
  add_library(backprop::backprop SHARED IMPORTED)
  set_target_properties(backprop::backprop PROPERTIES
    IMPORTED_LOCATION "${_backprop_prefix}/lib/libbackprop.so.0"
    IMPORTED_SONAME "libbackprop.so.0"
    INTERFACE_INCLUDE_DIRECTORIES "${_backprop_prefix}/include")
endif()

unset(_backprop_prefix)
