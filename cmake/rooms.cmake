# The functions with which the folders declare what they build.
#
#   bide_sanitize()                      sanitizer flags for all later targets
#   bide_async(TARGET)                   compile TARGET's files with `bide cc`
#   bide_room(NAME FOLDER [ASYNC])       every .c below FOLDER, as objects of a library
#   bide_library(NAME ROOMS ... LINK ...)  libNAME.so and libNAME.a from rooms
#   bide_program(TARGET NAME FOLDER FILES...)  a program in async C, linked with all of bide
#
# `bide cc` passes a file without async words on unchanged. Objects depend on the tool, so a changed
# compiler recompiles what it compiled.

set(BIDE_TOOL "${BIDE_OUT}/bin/bide")
set(BIDE_CHECK_FLAGS "")
if(BIDE_SANITIZE)
  set(BIDE_CHECK_FLAGS -fsanitize=${BIDE_SANITIZE} -fno-sanitize-recover=all)
endif()

macro(bide_sanitize)
  add_compile_options(${BIDE_CHECK_FLAGS})
  add_link_options(${BIDE_CHECK_FLAGS})
endmacro()

function(bide_async target)
  if(TARGET bide_tool)
    get_target_property(files ${target} SOURCES)
    set_source_files_properties(${files} PROPERTIES OBJECT_DEPENDS "${BIDE_TOOL}")
    set_target_properties(${target} PROPERTIES C_COMPILER_LAUNCHER "${BIDE_TOOL};cc")
    add_dependencies(${target} bide_tool)
  endif()
endfunction()

function(bide_room name folder)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.c")
  if(NOT files)
    return()
  endif()
  add_library(bide_room_${name} OBJECT ${files})
  set_target_properties(bide_room_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(bide_room_${name} PRIVATE
    "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}")
  # Every poll reads thread-locals. libbide is loaded at start, so the fast model works.
  target_compile_options(bide_room_${name} PRIVATE -fvisibility=default -ftls-model=initial-exec)
  # Dumps name the library's files as lib/io/reader.c, wherever it was built.
  target_compile_options(bide_room_${name} PRIVATE "-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=")
  if("ASYNC" IN_LIST ARGN)
    bide_async(bide_room_${name})
  endif()
endfunction()

# PKG are pkg-config modules that the library needs, USES the bide libraries that it is built on.
# LINK is what programs link with it, NEEDS what only it does.
function(bide_library name)
  cmake_parse_arguments(arg "" "DESCRIPTION" "ROOMS;LINK;NEEDS;USES;PKG" ${ARGN})
  set(objects "")
  foreach(room IN LISTS arg_ROOMS)
    if(TARGET bide_room_${room})
      list(APPEND objects $<TARGET_OBJECTS:bide_room_${room}>)
    endif()
  endforeach()
  if(NOT objects)
    return()
  endif()
  if(arg_PKG)
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(pkg REQUIRED ${arg_PKG})
    foreach(room IN LISTS arg_ROOMS)
      if(TARGET bide_room_${room})
        target_include_directories(bide_room_${room} SYSTEM PRIVATE ${pkg_INCLUDE_DIRS})
      endif()
    endforeach()
  endif()
  string(REGEX REPLACE "^bide-" "" export_name ${name})
  add_library(${name} SHARED ${objects})
  add_library(${name}_static STATIC ${objects})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE C
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
    EXPORT_NAME ${export_name} INSTALL_RPATH "$ORIGIN")
  set_target_properties(${name}_static PROPERTIES LINKER_LANGUAGE C
    OUTPUT_NAME ${name} EXPORT_NAME ${export_name}_static)
  set(needs ${pkg_LIBRARIES} ${arg_NEEDS})
  target_link_libraries(${name} PUBLIC ${arg_LINK} ${arg_USES} PRIVATE ${needs})
  target_link_libraries(${name}_static PUBLIC ${arg_LINK} PRIVATE ${needs})
  foreach(used IN LISTS arg_USES)
    target_link_libraries(${name}_static PUBLIC ${used}_static)
  endforeach()
  if(NOT BIDE_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  foreach(library IN ITEMS ${name} ${name}_static)
    target_include_directories(${library} INTERFACE
      "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:include>")
  endforeach()
  set_property(GLOBAL APPEND PROPERTY bide_libraries ${name})

  # The same file serves the build tree and the installed one: its paths are relative to itself.
  set(pc_name ${name})
  set(pc_description "${arg_DESCRIPTION}")
  string(REPLACE ";" " " pc_requires "${arg_USES}")
  string(REPLACE ";" " " pc_requires_private "${arg_PKG}")
  set(pc_libs_private "")
  if(arg_LINK)
    set(pc_libs_private "-pthread")
  endif()
  foreach(needed IN LISTS arg_NEEDS) # not as a module: who links libbide.so need not have it
    string(PREPEND pc_libs_private "-l${needed} ")
  endforeach()
  configure_file("${PROJECT_SOURCE_DIR}/cmake/library.pc.in"
    "${BIDE_OUT}/lib/pkgconfig/${name}.pc" @ONLY)
endfunction()

# Programs link every library; the linker drops those that a program does not use.
function(bide_program target name folder)
  add_executable(${target} ${ARGN})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
    RUNTIME_OUTPUT_DIRECTORY "${folder}")
  target_link_options(${target} PRIVATE -Wl,--as-needed)
  get_property(libraries GLOBAL PROPERTY bide_libraries)
  list(REVERSE libraries)
  foreach(library IN LISTS libraries)
    target_link_libraries(${target} PRIVATE ${library}_static)
  endforeach()
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/include")
  bide_async(${target})
endfunction()
